/**
 * The training steps that ONNX Runtime really runs, after its own rewriting, counted operator by operator. A lost fusion, a transposed
 * activation, a gradient that nobody needs or a pass that no longer applies changes a number here. Every number says what it counts:
 * change it only with its reason.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import { decodeModel } from '../../src/formats/onnx-proto.ts';
import { writeSafetensors } from '../../src/formats/safetensors.ts';
import { adapt } from '../../src/lora/adapt.ts';
import { openTransformers } from '../../src/models/transformers/open.ts';
import { loraSchema } from '../../src/shared/job.ts';
import { trainingGraph } from '../../src/trainer/step.ts';
import { readTensors } from './transformers-reference.ts';

const MODELS = resolve(import.meta.dirname, '../fixtures/models');

/**
 * Not counted: Reshape moves nothing on the CPU, and how often a convolution's layout is changed, as where two layouts meet, depends on
 * the width of the processor's vectors. For the same reason convolutions in either layout count as Conv.
 */
const UNCOUNTED = ['Reshape', 'ReorderInput', 'ReorderOutput'];

type Counts = Readonly<Record<string, number>>;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lowrank-optimized-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Operators of a training step with rank-2 adapters, 16 images a batch and a new head. */
async function operators(model: string, targetModules: 'all-linear' | string[]): Promise<Counts> {
  const base = await openTransformers(model);
  const lora = { ...loraSchema.parse({}), rank: 2, targetModules };
  const { graph } = adapt(base, { method: 'lora', lora, classes: ['a', 'b', 'c'] });
  const step = trainingGraph(graph, { preprocessing: base.preprocessing, batch: 16, labelSmoothing: 0 });
  const file = join(folder, 'optimized.onnx');
  await (await onnxRuntimeCpu.compile(step, { dumpTo: file })).release();
  const { node: nodes } = decodeModel(readFileSync(file), { file }).graph;
  const counts: Record<string, number> = {};
  for (const { opType = '' } of nodes) counts[opType] = (counts[opType] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).filter(([op]) => !UNCOUNTED.includes(op)));
}

/** A reference model with more layers of a kind: copies of the one whose tensors have `name` in their names. */
async function grown(model: string, config: object, name: (layer: number) => string, layers: number): Promise<string> {
  const directory = join(folder, `${model}-${layers}`);
  cpSync(join(MODELS, model), directory, { recursive: true });
  const file = join(directory, 'config.json');
  writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), ...config }));
  const tensors = readTensors(join(directory, 'model.safetensors'));
  const first = [...tensors].filter(([key]) => key.includes(name(0)));
  for (let layer = 1; layer < layers; layer++) {
    for (const [key, tensor] of first) tensors.set(key.replace(name(0), name(layer)), tensor);
  }
  await writeSafetensors(join(directory, 'model.safetensors'), tensors);
  return directory;
}

describe('ViT with adapters on q and v', () => {
  /** How often in the lowest block, in one of the middle, in the last, and outside of the blocks. */
  const EXPECTED: Readonly<Record<string, readonly [lowest: number, middle: number, last: number, outside: number]>> = {
    // Forward: k, o, fc1, fc2; q and v merged, 4 each: W′ = W + s·B·A, A·β and B·(A·β) for the bias of the norm before, the layer.
    // Backward: dx of q, k, v, o, fc1, fc2; 4 an adapter: t = s·dy·B, dA, u = x·Aᵀ, and t·βᵀ for what β adds to dA.
    // Lowest: no dx of q, k, v. Last: q has one row an image and goes by the side path, which needs one product more for dx and keeps
    // u. Outside: logits, dx and dW of the head.
    Gemm: [23, 26, 26, 3],
    // Scores and values; dP, dQ, dK, dV; dBᵀ of two adapters. The lowest has no dK.
    FusedMatMul: [7, 8, 8, 0],
    // Heads back to their places: forward, dQ, dK, dV; the row sums of dO∘O; dB of two adapters. Outside: the images' channels, the patches.
    Transpose: [6, 7, 7, 2],
    Softmax: [1, 1, 1, 0],
    LogSoftmax: [0, 0, 0, 1],
    // Two a block; in the last the queries are normalised apart. Outside: the one before the head.
    LayerNormalization: [2, 2, 3, 1],
    // One for each A that is centred, one for the gradient of each norm whose weights are centred, two of the norm before the head.
    ReduceMean: [3, 4, 5, 2],
    // Σ dO∘O; two an adapter for its part of the norm before. Outside: the loss, the head's bias.
    ReduceSum: [5, 5, 5, 2],
    Gelu: [1, 1, 1, 0],
    // Φ = y / x and φ of GELU's gradient, not erf. Outside: softmax of the logits.
    Div: [1, 1, 1, 0],
    Exp: [1, 1, 1, 1],
    // A norm's gradient 3, Σ dO∘O and dS 2, GELU's 4, an adapter behind a norm 3.
    // Outside: pixels normalised, the loss 2 and its gradient, the last norm's gradient 5.
    Mul: [15, 18, 21, 9],
    // A norm's gradient 1, dS 1, GELU's 1, an A that is centred 1. Outside: the loss's gradient, the last norm's 3.
    Sub: [5, 6, 7, 4],
    // Residuals 2, a merged bias 1, GELU's gradient 3, an adapter's 2, sums of gradients where paths meet: 1, 4, 4.
    // Outside: pixels normalised, positions.
    Add: [12, 15, 14, 2],
    // The gradient of centring A. Outside: the class token for every image; the loss.
    Expand: [2, 2, 2, 1],
    Neg: [2, 2, 2, 1],
    // The last block reads the class token alone.
    Slice: [0, 0, 1, 0],
    Pad: [0, 0, 1, 0],
    // The patches.
    Conv: [0, 0, 0, 1],
    // The class token before the patches, and the shape that it is stretched to.
    Concat: [0, 0, 0, 2],
    Shape: [0, 0, 0, 1],
    // Images to float, labels to one-hot.
    Cast: [0, 0, 0, 2],
    Equal: [0, 0, 0, 1],
  };

  it.each([2, 4])('%i blocks', async (blocks) => {
    // The last block is a copy as well; what the layers hold makes no difference.
    const model = await grown('vit', { num_hidden_layers: blocks }, (block) => `.layer.${block}.`, blocks);
    const expected = Object.entries(EXPECTED).map(([op, [lowest, middle, last, outside]]) => [
      op,
      lowest + (blocks - 2) * middle + last + outside,
    ]);
    expect(await operators(model, ['q_proj', 'v_proj'])).toEqual(Object.fromEntries(expected));
  });
});

describe('ResNet with adapters on every convolution', () => {
  const stage = (layers: number): Promise<string> =>
    grown('resnet-basic', { depths: [layers, 2, 1] }, (layer) => `.stages.0.layers.${layer}.`, layers);

  it('the whole step', async () => {
    // 11 convolutions: the stem with stride 2, six of 3 × 3 without a stride, two with, and two shortcuts with. The stem, the shortcuts and
    // two others read so few channels that their adapter is merged.
    expect(await operators(await stage(1), 'all-linear')).toMatchObject({
      // Forward: W of the six with a path beside it, their B, and A of the five with a stride. Backward: dz = Bᵀ·dy 11, and dx through W
      // and through A of four without a stride, of two through W′. Weights of frozen layers get no gradient, and nothing below the stem any.
      Conv: 6 + 6 + 5 + 11 + 2 * 4 + 2,
      // Forward, W′ with the ReLU or the residual behind it.
      FusedConv: 5,
      // A of the six without a stride, which unrolls r channels instead of x's; dx through W′ of the four with one.
      ConvTranspose: 6 + 4,
      // dA and dB, one of them as a Gemm: the last layer has more channels than pixels.
      FusedMatMul: 2 * 11 - 1,
      // That one, W′ of the merged and of two paths with a stride, the logits, dx and dW of the head.
      Gemm: 1 + 5 + 2 + 3,
      // Forward, and once more for the places of the maxima.
      MaxPool: 2,
      // The images' channels; A turned for the six without a stride, and W′ of two; Bᵀ; dA and dB into their files' order; two for the Gemm
      // above. None is of an activation but that of the images and these two.
      Transpose: 1 + 6 + 2 + 11 + 22 + 2,
    });
  });

  it('one layer more', async () => {
    const [fewer, more] = [
      await operators(await stage(1), 'all-linear'),
      await operators(await stage(2), 'all-linear'),
    ];
    const added = Object.keys(more).map((op): [string, number] => [op, more[op]! - (fewer[op] ?? 0)]);
    // Two convolutions of 3 × 3 without a stride, BatchNorm folded into both, their adapters merged.
    expect(Object.fromEntries(added.filter(([, count]) => count !== 0))).toEqual({
      // W′, and with it the ReLU or the residual forward.
      Gemm: 2,
      FusedConv: 2,
      // dz, and dx through W′.
      Conv: 2 * 2,
      // A forward.
      ConvTranspose: 2,
      // dA and dB, each summed over the images.
      FusedMatMul: 2 * 2,
      ReduceSum: 2 * 2,
      // A and W′ turned, Bᵀ, dA and dB into their files' order: nothing of the size of an activation.
      Transpose: 2 * 5,
      // A and W′ turned in two directions; dz shifted by three rows and each of these by three columns, framed in two directions.
      Slice: 2 * (2 + 2 + 3 + 9),
      Pad: 2 * 2,
      Concat: 2,
      // ReLU's gradient: the step function, and the product with it, is cheaper than Greater, Cast or Where.
      HardSigmoid: 2,
      // ReLU's gradient; of the size of an adapter, B by BatchNorm's factor, Bᵀ by the scale, dB by both.
      Mul: 2 * 5,
      // Where the residual's gradient meets the others.
      Add: 1,
    });
  });
});
