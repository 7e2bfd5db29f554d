// The directory of a zip file: what lies in it and what each member takes. A vsix has neither Zip64 nor encryption.
import { readFileSync } from 'node:fs';

const END = 0x06054b50;
const ENTRY = 0x02014b50;

/** Path → packed and unpacked bytes, and whether it may be executed. */
export function readZip(file) {
  const bytes = readFileSync(file);
  let end = bytes.length - 22;
  while (end >= 0 && bytes.readUInt32LE(end) !== END) end--;
  if (end < 0) throw new Error(`${file} is no zip file`);
  const members = new Map();
  let at = bytes.readUInt32LE(end + 16);
  for (let rest = bytes.readUInt16LE(end + 10); rest > 0; rest--) {
    if (bytes.readUInt32LE(at) !== ENTRY) throw new Error(`${file}: its directory is broken`);
    const length = bytes.readUInt16LE(at + 28);
    members.set(bytes.toString('utf8', at + 46, at + 46 + length), {
      packed: bytes.readUInt32LE(at + 20),
      unpacked: bytes.readUInt32LE(at + 24),
      executable: ((bytes.readUInt32LE(at + 38) >>> 16) & 0o111) !== 0,
    });
    at += 46 + length + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return members;
}
