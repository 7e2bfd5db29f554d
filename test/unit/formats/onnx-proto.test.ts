import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ATTRIBUTE_TYPE, decodeModel, encodeModel, type ModelProto } from '../../../src/formats/onnx-proto.ts';
import { InputError } from '../../../src/shared/errors.ts';

const bytes = readFileSync(join(import.meta.dirname, '../../fixtures/formats/tensors.onnx'));
const LARGE = 2n ** 53n + 1n;

describe('decodeModel', () => {
  const model = decodeModel(bytes);

  it('reads what the reference wrote', () => {
    expect(model).toMatchObject({ irVersion: 9, metadataProps: [{ key: 'classes', value: 'cat,dog' }] });
    expect(model.opsetImport).toEqual([
      { domain: '', version: 18 },
      { domain: 'test', version: 1 },
    ]);
    expect(model.functions[0]).toMatchObject({ name: 'Twice', input: ['a'], node: [{ opType: 'Add' }] });
  });

  it('tells a known, a named, an unknown and an empty dimension apart', () => {
    expect(model.graph.input[0]?.type?.tensorType).toEqual({
      elemType: 1,
      shape: { dim: [{ dimParam: 'batch' }, { dimValue: 3 }, {}, { dimValue: 0 }] },
    });
    expect(model.graph.output[0]?.type?.tensorType?.shape).toBeUndefined();
  });

  it('reads attributes of every kind, int64 exactly', () => {
    const [node] = model.graph.node;
    expect(node).toMatchObject({ name: 'layer/any', domain: 'test', input: ['x', '', 'raw_float'] });
    expect(node?.metadataProps).toEqual([{ key: 'namespace', value: 'layer' }]);
    const attribute = (name: string) => node?.attribute.find((item) => item.name === name);
    expect(attribute('f')).toMatchObject({ type: ATTRIBUTE_TYPE.float, f: 0.5 });
    expect(attribute('i')).toMatchObject({ type: ATTRIBUTE_TYPE.int, i: LARGE });
    expect(Buffer.from(attribute('s')?.s ?? []).toString()).toBe('größe');
    expect(attribute('t')?.t).toMatchObject({ dims: [], dataType: 1 });
    expect(attribute('g')?.g?.node[0]).toMatchObject({ opType: 'Identity', output: ['z'] });
    expect(attribute('floats')?.floats).toEqual([0.5, -1]);
    expect(attribute('ints')?.ints).toEqual([-1, 2 ** 40, 0]);
    expect(attribute('strings')?.strings.map((text) => Buffer.from(text).toString())).toEqual(['a', 'b']);
  });

  it('takes raw data as views of the file', () => {
    const plain = new Uint8Array(bytes);
    const raw = decodeModel(plain).graph.initializer[0]?.rawData;
    expect(raw?.length).toBe(24);
    expect(raw?.buffer).toBe(plain.buffer);
  });

  it.each([
    ['text', Buffer.from('# A model card\n\nNot a model.')],
    ['nothing', new Uint8Array()],
    ['a truncated model', bytes.subarray(0, 1000)],
    ['a model without its graph', encodeModel({ opsetImport: [{ version: 18 }] })],
    ['subgraphs without end', endlessSubgraphs()],
    ['more fields than any model has', bytesOfEmptyNodes(4_000_001)],
  ])('refuses %s', (_, damaged) => {
    expect(() => decodeModel(damaged, { file: 'm.onnx' })).toThrow(InputError);
    expect(() => decodeModel(damaged, { file: 'm.onnx' })).toThrow(/^m\.onnx: (damaged|not an ONNX model)/);
  });
});

describe('encodeModel', () => {
  it('keeps a model through writing and reading', () => {
    const model = decodeModel(bytes);
    expect(decodeModel(encodeModel(model))).toEqual(model);
  });

  it('writes int64 from numbers and bigints, down to the lowest', () => {
    const ints = [0, -1, 2 ** 53 - 1, LARGE, -(2n ** 63n), 2n ** 63n - 1n];
    const model: ModelProto = {
      opsetImport: [{ version: 1 }],
      graph: { node: [{ attribute: [{ name: 'ints', ints, i: -(2 ** 40) }] }] },
    };
    const attribute = decodeModel(encodeModel(model)).graph.node[0]?.attribute[0];
    expect(attribute?.ints).toEqual(ints);
    expect(attribute?.i).toBe(-(2 ** 40));
  });

  it('carries large data through nested messages', () => {
    const rawData = Uint8Array.from({ length: 100_003 }, (_, i) => i % 251);
    const tensor = { name: 'w', dims: [100_003], dataType: 2, rawData };
    const model: ModelProto = {
      opsetImport: [{ version: 1 }],
      graph: { name: 'g', initializer: [tensor, tensor], output: [{ name: 'y' }] },
    };
    const { graph } = decodeModel(encodeModel(model));
    expect(graph.name).toBe('g');
    expect(graph.initializer.map((each) => Buffer.from(each.rawData ?? []).equals(rawData))).toEqual([true, true]);
    expect(graph.output[0]?.name).toBe('y');
  });
});

/** graph → node → attribute → graph …, 60 times. */
function endlessSubgraphs(): Uint8Array {
  let graph = {};
  for (let level = 0; level < 60; level++) graph = { node: [{ attribute: [{ name: 'body', g: graph }] }] };
  return encodeModel({ opsetImport: [{ version: 1 }], graph });
}

/** Each is two bytes: the tag of field 1 and a length of 0. */
function bytesOfEmptyNodes(count: number): Uint8Array {
  const nodes = new Uint8Array(2 * count);
  for (let i = 0; i < count; i++) nodes[2 * i] = 0x0a;
  const length: number[] = [];
  for (let rest = nodes.length; rest > 0; rest = Math.floor(rest / 128))
    length.push((rest % 128) + (rest >= 128 ? 128 : 0));
  return Buffer.concat([Uint8Array.of(0x3a, ...length), nodes]);
}
