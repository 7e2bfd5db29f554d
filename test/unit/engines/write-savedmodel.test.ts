import { describe, expect, it } from 'vitest';
import { permuted } from '../../../src/engines/permute.ts';
import { writeSavedModel } from '../../../src/engines/write-savedmodel.ts';
import { add, cast, conv, matmul, transpose } from '../../../src/graph/build.ts';
import { createGraph } from '../../../src/graph/registry.ts';
import { symbol } from '../../../src/graph/shape.ts';
import { float32, zeros } from '../../../src/graph/tensor.ts';

function textOf(pieces: readonly Uint8Array[]): string {
  return Buffer.concat(pieces).toString('latin1');
}

describe('a SavedModel', () => {
  it('has placeholders of its own for inputs and outputs, whatever they are called', () => {
    const graph = createGraph();
    graph.output('gradient of, x', add(graph.input('noise x 0', [symbol('B')]), 1));
    const { pieces, inputs, outputs } = writeSavedModel(graph, { channelsFirst: false });
    expect(inputs).toMatchObject([{ name: 'noise x 0', node: 'input_0' }]);
    expect(outputs).toMatchObject([{ name: 'gradient of, x', node: 'output_0' }]);
    expect(textOf(pieces)).toContain('serving_default');
    expect(textOf(pieces)).not.toContain('noise x 0');
  });

  it('takes and gives all floats of known shape as one vector', () => {
    const graph = createGraph();
    const [a, b] = [graph.input('a', [2, 3]), graph.input('b', [3])];
    graph.output('y', add(a, b));
    graph.output('again', b);
    graph.output('b', b);
    const { inputs, outputs } = writeSavedModel(graph, { channelsFirst: false });
    expect(inputs.map(({ node, offset }) => [node, offset])).toEqual([
      ['joint_input', 0],
      ['joint_input', 6],
    ]);
    expect(outputs.map(({ part }) => part?.offset)).toEqual([0, 6, 6]);
  });

  it('holds a frozen kernel once, in the order in which TensorFlow convolves', () => {
    const graph = createGraph();
    const kernel = float32(
      [2, 3, 4, 4],
      Float32Array.from({ length: 96 }, (_, index) => index + 0.5),
    );
    const options = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], groups: 1 };
    graph.output('y', conv(graph.input('x', [1, 3, 8, 8]), graph.constant(kernel), undefined, options));
    const bytes = Buffer.concat(writeSavedModel(graph, { channelsFirst: true }).pieces);
    const turned = permuted(kernel, [2, 3, 1, 0]);
    expect(bytes.includes(Buffer.from(turned.data.buffer))).toBe(true);
    expect(bytes.includes(Buffer.from(kernel.data.buffer))).toBe(false);
  });

  it('moves the channels of images to the end on a CPU, and leaves them on a GPU', () => {
    const graph = createGraph();
    const options = { strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1], groups: 1 };
    const weight = graph.input('weight', [2, 3, 3, 3]);
    graph.output('y', conv(graph.input('x', [1, 3, 8, 8]), weight, undefined, options));
    expect(textOf(writeSavedModel(graph, { channelsFirst: false }).pieces)).toContain('NHWC');
    expect(textOf(writeSavedModel(graph, { channelsFirst: true }).pieces)).toContain('NCHW');
  });

  it('has large weights as variables, which are fed, and small ones as constants', () => {
    const graph = createGraph();
    const large = float32([64, 64], new Float32Array(64 * 64).fill(1 / 3));
    const small = float32([64], new Float32Array(64).fill(1 / 7));
    graph.output('y', add(matmul(graph.input('x', [2, 64]), graph.constant(large)), graph.constant(small)));
    const { pieces, frozen } = writeSavedModel(graph, { channelsFirst: false });
    expect(frozen.words.map(({ tensor }) => tensor)).toEqual([large]);
    const file = Buffer.concat(pieces);
    const holds = ({ data }: { data: Float32Array }): boolean => file.includes(Buffer.from(data.buffer, 0, 32));
    expect(holds(small)).toBe(true);
    expect(holds(large)).toBe(false);
  });

  it('of more than TensorFlow reads is refused before it is written', () => {
    const graph = createGraph();
    // Never touched, so it takes no memory: 2 GB in pieces that are not copied.
    const quarter = (): ReturnType<typeof zeros> => zeros('uint8', [2 ** 15, 2 ** 14]);
    let x = graph.input('x', [1, 2 ** 15]);
    for (let index = 0; index < 4; index++) {
      const weight = cast(graph.constant(quarter()), 'float32');
      x = matmul(matmul(x, weight), transpose(graph.input(`w${index}`, [2 ** 15, 2 ** 14]), [1, 0]));
    }
    graph.output('y', x);
    expect(() => writeSavedModel(graph, { channelsFirst: false })).toThrow(
      'engine: the model takes 2.0 GB, and TensorFlow reads no file of more than 2 GB; choose an ONNX Runtime engine',
    );
  });
});

describe('a permuted tensor', () => {
  it('has the elements of the transposed one', () => {
    expect(permuted(float32([2, 3], [1, 2, 3, 4, 5, 6]), [1, 0])).toEqual(float32([3, 2], [1, 4, 2, 5, 3, 6]));
    const cube = float32([2, 2, 2], [0, 1, 2, 3, 4, 5, 6, 7]);
    expect(permuted(cube, [2, 0, 1])).toEqual(float32([2, 2, 2], [0, 2, 4, 6, 1, 3, 5, 7]));
  });
});
