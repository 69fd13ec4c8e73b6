// Runs the trellis binary (TRELLIS_BIN) in a folder of its own that is removed at the end.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'trellis-independent-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));

/** The JSON result of a command. */
export function trellis(...args) {
  const out = execFileSync(process.env.TRELLIS_BIN, [...args, '--json'], {
    cwd: folder, env: { ...process.env, HOME: folder }, encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'], timeout: 60000,
  });
  return JSON.parse(out);
}

/** Signs bytes of a module with two seeds and returns the signed bytes. */
export function sign(bytes, issuerSeed, subjectSeed, ...options) {
  const source = path.join(folder, 'source.wasm');
  fs.writeFileSync(source, bytes);
  const { destination } = trellis('claims', 'sign', source, '-n', 'independent',
                                  '-i', issuerSeed, '-s', subjectSeed, ...options);
  return fs.readFileSync(destination);
}

/** Modules of the vectors by name, as bytes. */
export function vectorModules() {
  const file = path.join(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname),
                         '..', 'vectors', 'modules.json');
  const modules = {};
  for (const { name, input } of JSON.parse(fs.readFileSync(file)).cases) {
    if (input.bytes_hex !== null) modules[name] = Buffer.from(input.bytes_hex, 'hex');
  }
  return modules;
}
