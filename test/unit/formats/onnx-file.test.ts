import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import { readOnnxFile, writeOnnxFile } from '../../../src/formats/onnx-file.ts';
import type { ModelProto, TensorProto, ValueInfoProto } from '../../../src/formats/onnx-proto.ts';
import { tensorFromProto, tensorToProto } from '../../../src/formats/onnx-tensor.ts';
import { bytesUnder, float32 } from '../../../src/graph/tensor.ts';

const directory = mkdtempSync(join(tmpdir(), 'lowrank-onnx-file-'));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

const LENGTH = 300_000;
const small = float32([1], [0.5]);
const large = float32(
  [LENGTH],
  Float32Array.from({ length: LENGTH }, (_, i) => i),
);
const port = (name: string): ValueInfoProto => ({
  name,
  type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: LENGTH }] } } },
});

/** y = (x + small) + large */
function model(initializer: readonly TensorProto[]): ModelProto {
  return {
    irVersion: 9,
    opsetImport: [{ domain: '', version: 18 }],
    graph: {
      name: 'add',
      node: [
        { opType: 'Add', input: ['x', 'small'], output: ['h'] },
        { opType: 'Add', input: ['h', 'large'], output: ['y'] },
      ],
      input: [port('x')],
      output: [port('y')],
      initializer,
    },
  };
}
const inline = model([tensorToProto('small', small), tensorToProto('large', large)]);

async function lastOf(path: string): Promise<unknown> {
  const session = await ort.InferenceSession.create(path);
  const { y } = await session.run({ x: new ort.Tensor('float32', new Float32Array(LENGTH).fill(1), [LENGTH]) });
  await session.release();
  return (y?.data as Float32Array).at(-1);
}

describe('writeOnnxFile', () => {
  it('writes one file that ONNX Runtime runs', async () => {
    const path = join(directory, 'inline', 'model.onnx');
    await writeOnnxFile(path, inline);
    expect(readdirSync(join(directory, 'inline'))).toEqual(['model.onnx']);
    expect(await lastOf(path)).toBe(LENGTH + 0.5);
  });

  it('moves large tensors to a data file that ONNX Runtime maps', async () => {
    const path = join(directory, 'external', 'model.onnx');
    await writeOnnxFile(path, inline, { externalDataAbove: 1024 });
    expect(statSync(path).size).toBeLessThan(1024);
    expect(statSync(`${path}.data`).size).toBe(4 * LENGTH);
    expect(await lastOf(path)).toBe(LENGTH + 0.5);
    const [first, second] = readOnnxFile(path).graph.initializer;
    expect(first?.rawData).toEqual(bytesUnder(small));
    expect(tensorFromProto(second!, { directory: join(directory, 'external') })).toEqual(large);
  });

  it('starts large tensors where they can be mapped', async () => {
    const path = join(directory, 'aligned', 'model.onnx');
    await writeOnnxFile(path, inline, { externalDataAbove: 0 });
    const offsets = readOnnxFile(path).graph.initializer.map(
      ({ externalData }) => externalData.find(({ key }) => key === 'offset')?.value,
    );
    expect(offsets).toEqual(['0', String(2 ** 16)]);
    expect(await lastOf(path)).toBe(LENGTH + 0.5);
  });

  it('writes external data that are in memory', async () => {
    const path = join(directory, 'memory', 'model.onnx');
    const elsewhere: TensorProto = {
      name: 'large',
      dims: [LENGTH],
      dataType: 1,
      dataLocation: 1,
      externalData: [{ key: 'location', value: 'large' }],
    };
    const inMemory = new Map([['large', bytesUnder(large)]]);
    await writeOnnxFile(path, model([tensorToProto('small', small), elsewhere]), { inMemory });
    expect(readdirSync(join(directory, 'memory'))).toEqual(['model.onnx']);
    expect(await lastOf(path)).toBe(LENGTH + 0.5);
  });
});

describe('readOnnxFile', () => {
  it('names a missing file', () => {
    expect(() => readOnnxFile(join(directory, 'none.onnx'))).toThrow(/none.onnx: no such file/);
  });
});
