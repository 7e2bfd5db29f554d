import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readOnnxFile } from '../../../src/formats/onnx-file.ts';
import { decodeModel, encodeModel, type Decoded, type TensorProto } from '../../../src/formats/onnx-proto.ts';
import { tensorFromProto, tensorToProto } from '../../../src/formats/onnx-tensor.ts';
import { asFloat32 } from '../../../src/formats/safetensors.ts';
import { float32, int64, type Tensor } from '../../../src/graph/tensor.ts';
import { InputError } from '../../../src/shared/errors.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/formats');
const directory = mkdtempSync(join(tmpdir(), 'lowrank-onnx-'));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

const SIGNED = [-2, -1, 0, 1, 2, 3];
const UNSIGNED = [0, 1, 2, 3, 4, 5];
const initializers = new Map(
  readOnnxFile(join(FIXTURES, 'tensors.onnx')).graph.initializer.map((proto) => [proto.name ?? '', proto]),
);

/** A message as it would be read from a file. */
function read(proto: TensorProto): Decoded<TensorProto> {
  const model = decodeModel(encodeModel({ opsetImport: [{ version: 1 }], graph: { initializer: [proto] } }));
  return model.graph.initializer[0]!;
}

describe('tensorFromProto', () => {
  const expected = [
    ['float', 'float32', SIGNED],
    ['double', 'float32', SIGNED],
    ['float16', 'float16', SIGNED],
    ['bfloat16', 'float32', SIGNED],
    ['int64', 'int64', SIGNED],
    ['int32', 'int32', SIGNED],
    ['int8', 'int8', SIGNED],
    ['uint32', 'uint32', UNSIGNED],
    ['uint8', 'uint8', UNSIGNED],
    ['bool', 'bool', UNSIGNED.map((i) => i % 2)],
  ] as const;
  const forms = (['raw', 'typed'] as const).flatMap((form) => expected.map((row) => [form, ...row] as const));

  it.each(forms)('reads the %s form of %s', (form, type, dtype, values) => {
    const tensor = tensorFromProto(initializers.get(`${form}_${type}`)!);
    expect(tensor).toMatchObject({ dtype, shape: [2, 3] });
    expect([...asFloat32(tensor).data]).toEqual(values);
  });

  it('reads typed int64 exactly', () => {
    const { data } = tensorFromProto(initializers.get('large')!);
    expect([...data]).toEqual([2n ** 53n + 1n, -(2n ** 63n), 2n ** 63n - 1n, -1n]);
  });

  it.each([
    ['a type it does not know', { dataType: 8, dims: [1] }, /t: tensors of type string are not supported/],
    ['data that do not fill the shape', { dataType: 1, dims: [2], rawData: new Uint8Array(4) }, /needs 8 bytes/],
    ['no data', { dataType: 1, dims: [3] }, /shape \[3\] needs 12 bytes, its data have 0/],
    ['a huge shape', { dataType: 1, dims: [2 ** 40, 2 ** 40], rawData: new Uint8Array(4) }, /its data have 4/],
    ['a negative dimension', { dataType: 1, dims: [-1] }, /dimensions are not counts/],
    ['a number cut off', { dataType: 7, dims: [1], int64Data: [Uint8Array.of(1, 0x80)] }, /cut off/],
    ['a number too long', { dataType: 7, dims: [1], int64Data: [new Uint8Array(12).fill(0x80, 0, 11)] }, /64 bits/],
  ])('refuses %s', (_, proto, message) => {
    const decoded = read({ name: 't', ...proto });
    expect(() => tensorFromProto(decoded)).toThrow(message);
    expect(() => tensorFromProto(decoded)).toThrow(InputError);
  });
});

describe('external data', () => {
  it('is read from beside the model', () => {
    const [proto] = readOnnxFile(join(FIXTURES, 'external.onnx')).graph.initializer;
    expect(tensorFromProto(proto!, { directory: FIXTURES })).toEqual(float32([4], [0, 1, 2, 3]));
    expect(() => tensorFromProto(proto!)).toThrow(/w: its data lie in another file, external.onnx.data/);
  });

  const model = join(directory, 'model');
  mkdirSync(join(model, 'inner'), { recursive: true });
  copyFileSync(join(FIXTURES, 'external.onnx.data'), join(model, 'inner', 'data'));
  writeFileSync(join(directory, 'secret'), new Uint8Array(64));
  symlinkSync(join(directory, 'secret'), join(model, 'link'));
  symlinkSync('inner/data', join(model, 'fine'));

  function external(entries: Record<string, string>): Tensor {
    const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
    const proto = read({ name: 'w', dims: [4], dataType: 1, dataLocation: 1, externalData });
    return tensorFromProto(proto, { directory: model, file: 'm.onnx' });
  }

  it.each(['inner/data', 'fine'])('may lie in %s', (location) => {
    expect(external({ location, offset: '16' })).toEqual(float32([4], [0, 1, 2, 3]));
  });

  it.each([
    ['a path upwards', { location: '../secret', length: '16' }, /outside the model's folder/],
    ['a hidden path upwards', { location: 'inner/../../secret', length: '16' }, /outside the model's folder/],
    ['an absolute path', { location: join(directory, 'secret'), length: '16' }, /outside the model's folder/],
    ['a Windows path', { location: '..\\secret', length: '16' }, /outside the model's folder/],
    ['a link out', { location: 'link', length: '16' }, /outside the model's folder/],
    ['no location', { length: '16' }, /outside the model's folder/],
    ['a missing file', { location: 'none' }, /none: no such file/],
    ['a folder', { location: 'inner', length: '16' }, /is not a file/],
    ['bytes beyond the end', { location: 'fine', offset: '17', length: '16' }, /end at byte 33 of fine, which has 32/],
    ['a wrong length', { location: 'fine', offset: '8' }, /needs 16 bytes, its external data have 24/],
    ['a negative offset', { location: 'fine', offset: '-8' }, /"-8" is no offset/],
  ])('refuses %s', (_, entries, message) => {
    expect(() => external(entries)).toThrow(message);
    expect(() => external(entries)).toThrow(InputError);
  });
});

describe('tensorToProto', () => {
  it.each([float32([2], [1, -1]), int64([], [-(2 ** 40)])])('is undone by tensorFromProto', (tensor) => {
    expect(tensorFromProto(read(tensorToProto('t', tensor)))).toEqual(tensor);
  });

  it('does not copy', () => {
    const tensor = float32([2], [1, 2]);
    expect(tensorToProto('t', tensor).rawData?.buffer).toBe(tensor.data.buffer);
  });
});
