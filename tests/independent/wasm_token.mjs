// A second reading of identity.md 1-3 that shares no code with the host: node's standard library
// only. Throws where something does not hold.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';

/** Bytes of an upper-case base32 text without padding. */
function base32(text) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  let bits = '';
  for (const letter of text) {
    const value = alphabet.indexOf(letter);
    assert(value >= 0, `base32 letter ${letter}`);
    bits += value.toString(2).padStart(5, '0');
  }
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

function crc16(bytes) {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let i = 0; i < 8; i++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc;
}

/** The raw Ed25519 key in a public key's text, whose first letter and checksum must be right. */
export function rawPublicKey(text, letter) {
  assert.equal(text.length, 56);
  assert.equal(text[0], letter);
  const bytes = base32(text);
  assert.equal(bytes.readUInt16LE(33), crc16(bytes.subarray(0, 33)), 'checksum of the key');
  return bytes.subarray(1, 33);
}

export function verifies(publicRaw, message, signature) {
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), publicRaw]);
  const key = crypto.createPublicKey({ key: spki, format: 'der', type: 'spki' });
  return crypto.verify(null, message, key, signature);
}

/** All sections as {id, name, begin, content, end}. */
function sections(module) {
  assert.equal(module.subarray(0, 8).toString('hex'), '0061736d01000000');
  const found = [];
  let at = 8;
  const leb = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = module[at++];
      assert(byte !== undefined && shift < 35);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < module.length) {
    const begin = at;
    const id = module[at++];
    const size = leb();
    const end = at + size;
    assert(end <= module.length, 'a section ends within the module');
    let name = null;
    if (id === 0) {
      const length = leb();
      name = module.subarray(at, at + length).toString();
      at += length;
    }
    found.push({ id, name, begin, content: at, end });
    at = end;
  }
  return found;
}

/** Token, claims and what is signed of a module; the module's hash must be the one in the claims. */
export function readModule(module) {
  const tokens = sections(module).filter((section) => section.name === 'jwt');
  assert.equal(tokens.length, 1);
  const [section] = tokens;
  const token = module.subarray(section.content, section.end).toString('latin1');
  const [header, claims, signature, ...more] = token.split('.');
  assert.equal(more.length, 0);
  assert.deepEqual(JSON.parse(Buffer.from(header, 'base64url')), { typ: 'jwt', alg: 'Ed25519' });
  const value = JSON.parse(Buffer.from(claims, 'base64url'));
  const rest = Buffer.concat([module.subarray(0, section.begin), module.subarray(section.end)]);
  const hash = crypto.createHash('sha256').update(rest).digest('hex').toUpperCase();
  assert.equal(value.wascap.hash, hash, 'hash of the module without its token');
  return { token, claims: value, hash, signed: Buffer.from(`${header}.${claims}`),
           signature: Buffer.from(signature, 'base64url') };
}
