import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asFloat32, openSafetensors, openWeights, writeSafetensors } from '../../../src/formats/safetensors.ts';
import { float32, fromBytes, int64, type Tensor } from '../../../src/graph/tensor.ts';
import { InputError } from '../../../src/shared/errors.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/formats');
const directory = mkdtempSync(join(tmpdir(), 'lowrank-safetensors-'));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

const SIGNED = [-2, -1, 0, 1, 2, 3];
const UNSIGNED = [0, 1, 2, 3, 4, 5];

describe('reading', () => {
  const file = openSafetensors(join(FIXTURES, 'every-dtype.safetensors'));
  afterAll(() => {
    file.close();
  });

  it.each([
    ['f64', 'float64', 'float32', SIGNED],
    ['f32', 'float32', 'float32', SIGNED],
    ['f16', 'float16', 'float16', SIGNED],
    ['bf16', 'bfloat16', 'float32', SIGNED],
    ['i64', 'int64', 'int64', SIGNED],
    ['i32', 'int32', 'int32', SIGNED],
    ['i8', 'int8', 'int8', SIGNED],
    ['u32', 'uint32', 'uint32', UNSIGNED],
    ['u8', 'uint8', 'uint8', UNSIGNED],
    ['bool', 'bool', 'bool', UNSIGNED.map((i) => i % 2)],
  ])('reads %s as the reference wrote it', (name, stored, dtype, values) => {
    expect(file.info(name)).toEqual({ dtype: stored, shape: [2, 3] });
    const tensor = file.read(name);
    expect(tensor).toMatchObject({ dtype, shape: [2, 3] });
    expect([...asFloat32(tensor).data]).toEqual(values);
  });

  it('reads scalars, empty tensors and metadata', () => {
    expect(file.read('scalar')).toEqual(float32([], [7]));
    expect(file.read('empty')).toEqual(float32([0, 4], []));
    expect(file.metadata).toEqual({ format: 'pt' });
  });

  it('identifies the file by its sha256, again and again', async () => {
    const bytes = readFileSync(join(FIXTURES, 'every-dtype.safetensors'));
    const expected = createHash('sha256').update(bytes).digest('hex');
    expect([await file.sha256(), await file.sha256()]).toEqual([expected, expected]);
  });

  it('names an unknown tensor and the file', () => {
    expect(file.has('none')).toBe(false);
    expect(() => file.read('none')).toThrow(/every-dtype.safetensors: none: no tensor of this name/);
  });
});

describe('writing', () => {
  it('reproduces the reference byte for byte, whatever the order given', async () => {
    const reference = join(FIXTURES, 'canonical.safetensors');
    const source = openSafetensors(reference);
    const names = source.names().reverse();
    const path = join(directory, 'canonical.safetensors');
    await writeSafetensors(path, new Map(names.map((name) => [name, source.read(name)])), source.metadata);
    source.close();
    expect(readFileSync(path).equals(readFileSync(reference))).toBe(true);
  });

  it('keeps names that JavaScript would reorder, and no metadata', async () => {
    const path = join(directory, 'numbers.safetensors');
    const tensors = new Map<string, Tensor>([
      ['b', float32([1], [1])],
      ['10', float32([1], [2])],
      ['__proto__', int64([1], [3])],
    ]);
    await writeSafetensors(path, tensors);
    const file = openSafetensors(path);
    expect(file.names().sort()).toEqual(['10', '__proto__', 'b']);
    expect(file.read('10')).toEqual(tensors.get('10'));
    expect(file.read('__proto__')).toEqual(tensors.get('__proto__'));
    expect(file.metadata).toEqual({});
    file.close();
  });
});

describe('openWeights', () => {
  const sharded = join(directory, 'sharded');
  const index = join(sharded, 'model.safetensors.index.json');

  function writeIndex(map: Record<string, string>): void {
    writeFileSync(index, JSON.stringify({ metadata: { total_size: 8 }, weight_map: map }));
  }

  beforeAll(async () => {
    await writeSafetensors(join(sharded, 'a.safetensors'), new Map([['x', float32([1], [1])]]));
    await writeSafetensors(join(sharded, 'b.safetensors'), new Map([['y', float32([1], [2])]]));
  });

  it('joins shards', async () => {
    writeIndex({ x: 'a.safetensors', y: 'b.safetensors' });
    const weights = openWeights(sharded);
    expect(weights.names()).toEqual(['x', 'y']);
    expect(weights.read('y')).toEqual(float32([1], [2]));
    expect(weights.info('x').shape).toEqual([1]);
    const sums = ['a', 'b'].map((name) => {
      const bytes = readFileSync(join(sharded, `${name}.safetensors`));
      return `${createHash('sha256').update(bytes).digest('hex')}  ${name}.safetensors\n`;
    });
    expect(await weights.sha256()).toBe(createHash('sha256').update(sums.join('')).digest('hex'));
    weights.close();
  });

  it.each([
    ['a tensor its shard does not hold', { y: 'a.safetensors' }, /y: no tensor of this name in a.safetensors/],
    ['a missing shard', { x: 'c.safetensors' }, /c.safetensors: no such file/],
    ['a shard outside the folder', { x: '../canonical.safetensors' }, /is not the name of a safetensors file/],
    ['a Windows path', { x: 'c:\\a.safetensors' }, /is not the name of a safetensors file/],
  ])('refuses %s', (_, map, message) => {
    writeIndex(map);
    expect(() => openWeights(sharded)).toThrow(message);
    expect(() => openWeights(sharded)).toThrow(InputError);
  });

  it('says what a folder without weights lacks', () => {
    expect(() => openWeights(FIXTURES)).toThrow(/no model.safetensors in this folder/);
    expect(() => openWeights(join(directory, 'none'))).toThrow(/none: no such file or folder/);
  });
});

describe('damaged files', () => {
  function fileOf(header: string, dataBytes: number, claimed = Buffer.byteLength(header)): string {
    const path = join(directory, 'damaged.safetensors');
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(claimed));
    writeFileSync(path, Buffer.concat([length, Buffer.from(header), Buffer.alloc(dataBytes)]));
    return path;
  }
  const entry = (begin: number, end: number, more = '"dtype":"F32","shape":[2]'): string =>
    `{${more},"data_offsets":[${begin},${end}]}`;

  it.each([
    ['truncated data', `{"a":${entry(0, 8)}}`, 7, /truncated: 1 bytes are missing/],
    ['bytes behind the data', `{"a":${entry(0, 8)}}`, 9, /1 bytes belong to no tensor/],
    ['overlap', `{"a":${entry(0, 8)},"b":${entry(4, 12)}}`, 12, /b: overlaps the tensor before it/],
    ['a gap', `{"a":${entry(0, 8)},"b":${entry(9, 17)}}`, 17, /b: leaves a gap after/],
    ['shape against bytes', `{"a":${entry(0, 4)}}`, 4, /a: F32 of shape \[2\] needs 8 bytes, has 4/],
    ['offsets backwards', `{"a":${entry(8, 0)}}`, 8, /a: F32 of shape \[2\] needs 8 bytes, has -8/],
    ['a negative dimension', `{"a":${entry(0, 8, '"dtype":"F32","shape":[-2]')}}`, 8, /a: a tensor needs/],
    ['overflowing shape', `{"a":${entry(0, 8, '"dtype":"F32","shape":[1e15,1e15]')}}`, 8, /needs 4e\+30/],
    ['an unknown dtype', `{"a":${entry(0, 8, '"dtype":"F4","shape":[2]')}}`, 8, /dtype F4 is not/],
    ['an inherited dtype', `{"a":${entry(0, 8, '"dtype":"toString","shape":[2]')}}`, 8, /is not supp/],
    ['a duplicate key', `{"a":${entry(0, 8)},"\\u0061":${entry(0, 8)}}`, 8, /"a" occurs twice/],
    ['deep nesting', `{"a":${'['.repeat(99)}${']'.repeat(99)}}`, 0, /nested deeper than 3 levels/],
    ['a name with a line break', `{"a\\nb":${entry(0, 8)}}`, 8, /no name of a tensor/],
    ['metadata of numbers', '{"__metadata__":{"a":1}}', 0, /__metadata__: must map strings to strings/],
    ['a list', '[]', 0, /not a JSON object/],
    ['no JSON', '\xff', 0, /the header is not JSON/],
  ])('%s is told in one line', (_, header, dataBytes, message) => {
    const path = fileOf(header, dataBytes);
    expect(() => openSafetensors(path)).toThrow(message);
    expect(() => openSafetensors(path)).toThrow(InputError);
  });

  it.each([3, 2 ** 52])('a header that claims %i bytes is not believed', (claimed) => {
    const path = fileOf('{}', 0, claimed);
    expect(() => openSafetensors(path)).toThrow(`its header claims ${claimed} bytes`);
  });
});

describe('asFloat32', () => {
  it('takes halves and integers', () => {
    const half = fromBytes('float16', [2], Uint8Array.of(0, 0x3c, 0, 0xc0));
    expect(asFloat32(half)).toEqual(float32([2], [1, -2]));
    expect(asFloat32(int64([2], [-5, 7]))).toEqual(float32([2], [-5, 7]));
  });
});
