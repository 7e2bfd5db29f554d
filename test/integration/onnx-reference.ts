/** ONNX classifiers that PyTorch's exporters wrote, their goldens, and a training step on their pixels. */
import { readFileSync } from 'node:fs';
import { loadOnnx, onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import { trainableGradients } from '../../src/graph/autodiff.ts';
import { crossEntropy } from '../../src/graph/build.ts';
import { nameOf } from '../../src/graph/ir.ts';
import { chooseLoraForm } from '../../src/graph/passes/choose-lora-form.ts';
import { foldBatchNormalization } from '../../src/graph/passes/fold-batch-normalization.ts';
import { foldNormalization } from '../../src/graph/passes/fold-normalization.ts';
import { embed } from '../../src/graph/rewrite.ts';
import { symbol } from '../../src/graph/shape.ts';
import { float32, sizeOf } from '../../src/graph/tensor.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { adapt } from '../../src/lora/adapt.ts';
import type { Adapted } from '../../src/lora/adapt.ts';
import { adaptableModules } from '../../src/lora/layers.ts';
import { BATCH, LOGITS, PIXELS } from '../../src/models/base.ts';
import type { Base } from '../../src/models/base.ts';
import { loraSchema } from '../../src/shared/job.ts';
import { Random } from '../../src/shared/random.ts';
import { initAdamW, updateAdamW } from '../../src/trainer/optimizer.ts';
import { LABELS, LOSS, WEIGHTS } from '../../src/trainer/step.ts';
import { distance, largest, logitsOf } from './transformers-reference.ts';
import type { Floats } from './transformers-reference.ts';

/** Layers by module path, as the Python scripts describe them. */
export type LayerTable = Readonly<
  Record<string, { readonly kind: 'linear' | 'conv'; readonly weight: readonly number[] }>
>;

export function readLayers(file: string): LayerTable {
  const { layers } = JSON.parse(readFileSync(file, 'utf8')) as { layers: LayerTable };
  return Object.fromEntries(Object.entries(layers).map(([path, { kind, weight }]) => [path, { kind, weight }]));
}

/** The base's layers in the same words. */
export function layersOf(base: Base): LayerTable {
  return Object.fromEntries(
    adaptableModules(base).map((module): [string, LayerTable[string]] => {
      const { path, outFeatures: rows, inFeatures: columns } = module;
      if (module.kind !== 'conv2d') return [path, { kind: 'linear', weight: [rows, columns] }];
      return [path, { kind: 'conv', weight: [rows, columns / module.groups, ...module.kernel] }];
    }),
  );
}

export function images(count: number, { preprocessing }: Base, seed = 1): Floats {
  const { height, width } = preprocessing.crop!;
  const random = new Random(seed);
  const shape = [count, 3, height, width];
  return float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => random.normal()),
  );
}

/** Largest difference to ONNX Runtime running the file itself, in parts of the largest logit. */
export async function differenceFromFile(base: Base, file: string, pixels: Floats): Promise<number> {
  const original = await loadOnnx(file);
  try {
    const { name, ...input } = original.inputs[0]!;
    const run = async (batch: Floats): Promise<Floats> =>
      (await original.run({ [name]: batch }))[original.outputNames[0]!] as Floats;
    const oneByOne = input.isTensor && input.shape[0] === 1;
    const expected = oneByOne ? stacked(await Promise.all(split(pixels).map(run))) : await run(pixels);
    return distance(await logitsOf(base.graph, pixels), expected) / largest(expected);
  } finally {
    await original.release();
  }
}

function split({ shape, data }: Floats): Floats[] {
  const [count, ...one] = shape as readonly [number, ...number[]];
  const size = sizeOf(one);
  return Array.from({ length: count }, (_, at) => float32([1, ...one], data.slice(at * size, (at + 1) * size)));
}

function stacked(rows: readonly Floats[]): Floats {
  return float32([rows.length, ...rows[0]!.shape.slice(1)], Float32Array.from(rows.flatMap(({ data }) => [...data])));
}

interface Step {
  run(values: ReadonlyMap<string, Tensor>): Promise<{ loss: number; logits: Floats; gradients: Map<string, Floats> }>;
  release(): Promise<void>;
}

/** A training step as the trainer builds it, on pixel values instead of images. */
export async function compileStep(adapted: Adapted, pixels: Floats, labels: readonly number[]): Promise<Step> {
  const batch = labels.length;
  const tuned = chooseLoraForm(foldNormalization(foldBatchNormalization(adapted.graph)), { [BATCH]: batch });
  const graph = tuned.empty();
  const logits = embed(tuned, graph, {}).get(LOGITS)!;
  const [truth, weights] = [graph.input(LABELS, [symbol(BATCH)], 'int32'), graph.input(WEIGHTS, [symbol(BATCH)])];
  const loss = crossEntropy(logits, truth, weights, 0);
  for (const { parameter, gradient } of trainableGradients(loss)) graph.output(`d ${nameOf(parameter)!}`, gradient);
  graph.output(LOSS, loss);
  graph.output(LOGITS, logits);
  const program = await onnxRuntimeCpu.compile(graph);
  return {
    async run(values) {
      const results = await program.run({
        ...Object.fromEntries(values),
        [PIXELS]: pixels,
        [LABELS]: { dtype: 'int32', shape: [batch], data: Int32Array.from(labels) },
        [WEIGHTS]: float32([batch], new Float32Array(batch).fill(1 / batch)),
      });
      const gradients = adapted.parameters.map(({ name }): [string, Floats] => [name, results[`d ${name}`] as Floats]);
      return {
        loss: (results[LOSS] as Floats).data[0]!,
        logits: results[LOGITS] as Floats,
        gradients: new Map(gradients),
      };
    },
    release: () => program.release(),
  };
}

/** Losses of Adam steps on one batch, with adapters in every layer that takes one and a new head for three classes. */
export async function lossesOfTraining(base: Base, steps: number, learningRate = 1e-3): Promise<number[]> {
  const adapted = adapt(base, { method: 'lora', lora: { ...loraSchema.parse({}), rank: 2 }, classes: ['a', 'b', 'c'] });
  const random = new Random(2);
  const values = new Map(
    adapted.parameters.map(({ name, role, shape }): [string, Floats] => {
      // B and the head's bias start at zero.
      const scale = role === 'B' || shape.length === 1 ? 0 : 1 / Math.sqrt(sizeOf(shape.slice(1)));
      return [
        name,
        float32(
          shape,
          Float32Array.from({ length: sizeOf(shape) }, () => scale * random.normal()),
        ),
      ];
    }),
  );
  const group = { learningRateScale: 1, weightDecay: 0 };
  const trained = [...values].map(([name, { data }]) => ({ name, data, group }));
  const step = await compileStep(adapted, images(3, base), [0, 1, 2]);
  const losses: number[] = [];
  try {
    let state = initAdamW(trained);
    for (let index = 0; index < steps; index++) {
      const { loss, gradients } = await step.run(values);
      losses.push(loss);
      const slopes = trained.map(({ name }) => gradients.get(name)!.data);
      state = updateAdamW(state, trained, slopes, { learningRate, gradientScale: 1 });
    }
  } finally {
    await step.release();
  }
  return losses;
}
