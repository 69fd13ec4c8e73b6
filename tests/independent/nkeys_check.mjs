// Account keys and signatures of the real binary against nkeys.js, the NATS project's own library
// (which knows no module and service keys). Exit code 77 = the package cannot be had here.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

import { folder, sign, trellis, vectorModules } from './tool.mjs';
import { readModule } from './wasm_token.mjs';

const here = path.dirname(new URL(import.meta.url).pathname);
for (const file of ['package.json', 'package-lock.json', '.npmrc']) {
  fs.copyFileSync(path.join(here, file), path.join(folder, file));
}
const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--fetch-retries=1',
                              '--fetch-timeout=30000'],
                      { cwd: folder, encoding: 'utf8', timeout: 120000 });
if (npm.status !== 0) {
  console.log(`SKIPPED: npm cannot install nkeys.js here:\n${npm.stdout}${npm.stderr}${npm.error ?? ''}`);
  process.exit(77);
}
const nkeys = createRequire(path.join(folder, 'package.json'))('nkeys.js');
const text = (bytes) => new TextDecoder().decode(bytes);
const bytes = (value) => new TextEncoder().encode(value);

// Our keys in their hands.
for (const role of ['account', 'user', 'operator', 'server', 'cluster']) {
  const ours = trellis('keys', 'gen', role);
  assert.equal(nkeys.fromSeed(bytes(ours.seed)).getPublicKey(), ours.public_key, role);
}

// Their account key in ours, and our signature with it in theirs.
const theirs = nkeys.createAccount();
const actor = trellis('keys', 'gen', 'module');
const signed = sign(vectorModules()['t20_rich.wasm'], text(theirs.getSeed()), actor.seed);
const found = readModule(signed);
assert.equal(found.claims.iss, theirs.getPublicKey());
const issuer = nkeys.fromPublic(found.claims.iss);
assert(issuer.verify(found.signed, found.signature));
assert(!issuer.verify(Buffer.concat([found.signed, Buffer.from('x')]), found.signature));
assert.deepEqual(Buffer.from(theirs.sign(found.signed)), found.signature, 'signatures are deterministic');

console.log('independent: keys and signature agree with nkeys.js');
