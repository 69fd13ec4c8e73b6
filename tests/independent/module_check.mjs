// Modules signed by the real binary, verified by node's own Ed25519, SHA-256 and WebAssembly.
import assert from 'node:assert/strict';

import { sign, trellis, vectorModules } from './tool.mjs';
import { rawPublicKey, readModule, verifies } from './wasm_token.mjs';

const account = trellis('keys', 'gen', 'account');
const actor = trellis('keys', 'gen', 'module');
const modules = vectorModules();
const issuer = rawPublicKey(account.public_key, 'A');
rawPublicKey(actor.public_key, 'M');

let checked = 0;
for (const name of ['t01_empty.wasm', 't02_canonical.wasm', 't03_padded_leb.wasm',
                    't04_customs_between.wasm', 't07_datacount.wasm', 't20_rich.wasm',
                    't22_signext.wasm', 't23_bulk.wasm', 't24_multivalue.wasm',
                    't25_truncsat.wasm']) {
  const signed = sign(modules[name], account.seed, actor.seed, '-k', '-r', '7', '-x', '3');
  const found = readModule(signed);
  assert.equal(found.claims.iss, account.public_key);
  assert.equal(found.claims.sub, actor.public_key);
  assert.deepEqual(found.claims.wascap.caps, ['wasmcloud:keyvalue']);
  assert.equal(found.claims.wascap.rev, 7);
  assert.equal(found.claims.exp - found.claims.iat, 3 * 86400);
  assert(verifies(issuer, found.signed, found.signature), `signature in ${name}`);
  assert(!verifies(issuer, Buffer.concat([found.signed, Buffer.from('x')]), found.signature));
  assert.equal(WebAssembly.validate(signed), WebAssembly.validate(modules[name]), name);
  checked++;
}

// Padded numbers are brought into canonical form before they are hashed (identity.md 3.4).
const hashOf = (name) => readModule(sign(modules[name], account.seed, actor.seed)).hash;
assert.equal(hashOf('t03_padded_leb.wasm'), hashOf('t02_canonical.wasm'));

console.log(`independent: ${checked} signed modules verified by node ${process.version}`);
