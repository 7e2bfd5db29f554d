/**
 * Reference material of Hugging Face models (test/fixtures/models/README.md): what PyTorch, transformers and peft computed, and how to
 * compute the same here.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import { openSafetensors } from '../../src/formats/safetensors.ts';
import type { Graph } from '../../src/graph/ir.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { adapt } from '../../src/lora/adapt.ts';
import type { Adapted } from '../../src/lora/adapt.ts';
import type { Adapter } from '../../src/lora/adapter.ts';
import { readAdapter } from '../../src/lora/read-adapter.ts';
import { LOGITS, PIXELS } from '../../src/models/base.ts';
import type { Base } from '../../src/models/base.ts';
import { KEY_PREFIX } from '../../src/shared/adapter-tensors.ts';
import { loraSchema } from '../../src/shared/job.ts';
import type { LoraOptions } from '../../src/shared/job.ts';
import type { Preprocessing } from '../../src/shared/preprocessing.ts';
import { gradientOf, IMAGES, LABELS, LOSS, trainingGraph, WEIGHTS } from '../../src/trainer/step.ts';

export type Floats = Tensor<'float32'>;

/** All tensors of a file. */
export function readTensors(file: string): Map<string, Tensor> {
  const weights = openSafetensors(file);
  try {
    return new Map(weights.names().map((name) => [name, weights.read(name)]));
  } finally {
    weights.close();
  }
}

export interface Golden {
  readonly pixelValues: Floats;
  readonly labels: readonly number[];
  readonly logits: Floats;
  readonly loss: number;
  readonly classNames: readonly string[];
}

export function readGolden(directory: string): Golden {
  const tensors = readTensors(join(directory, 'golden.safetensors'));
  const { loss, classNames } = JSON.parse(readFileSync(join(directory, 'golden.json'), 'utf8')) as Golden;
  return {
    pixelValues: tensors.get('pixel_values') as Floats,
    labels: Array.from(tensors.get('labels')!.data, Number),
    logits: tensors.get('logits') as Floats,
    loss,
    classNames,
  };
}

export interface AdapterGolden {
  readonly directory: string;
  readonly logits: Floats;
  readonly loss: number;
  readonly scales: Readonly<Record<string, number>>;
  /** By PEFT's keys. */
  readonly gradients: ReadonlyMap<string, Tensor>;
}

export function readAdapterGolden(directory: string): AdapterGolden {
  const { loss, scales } = JSON.parse(readFileSync(join(directory, 'golden.json'), 'utf8')) as AdapterGolden;
  return {
    directory,
    logits: readTensors(join(directory, 'golden.safetensors')).get('logits') as Floats,
    loss,
    scales,
    gradients: readTensors(join(directory, 'gradients.safetensors')),
  };
}

/** Names of a model's adapters that have goldens. */
export function adaptersOf(model: string): string[] {
  const directory = join(model, 'adapters');
  if (!existsSync(directory)) return [];
  return readdirSync(directory).filter((name) => existsSync(join(directory, name, 'golden.json')));
}

export async function logitsOf(graph: Graph, pixelValues: Floats): Promise<Floats> {
  const program = await onnxRuntimeCpu.compile(graph);
  try {
    return (await program.run({ [PIXELS]: pixelValues }))[LOGITS] as Floats;
  } finally {
    await program.release();
  }
}

/** The job that would make such an adapter: every layer by its full path, with its own rank and alpha. */
function optionsOf({ layers, config }: Adapter): LoraOptions {
  const each = [...layers];
  return {
    ...loraSchema.parse({}),
    targetModules: each.map(([path]) => path),
    rankPattern: Object.fromEntries(each.map(([path, { rank }]) => [path, rank])),
    alphaPattern: Object.fromEntries(each.map(([path, { alpha }]) => [path, alpha])),
    useRslora: config.useRslora,
    useDora: config.useDora,
  };
}

/** A base that carries the adapter of a directory, and the values of its trainable inputs. */
export function adaptedAs(
  base: Base,
  directory: string,
  classes: readonly string[],
): { adapted: Adapted; values: Map<string, Tensor> } {
  const adapted = adapt(base, { method: 'lora', lora: optionsOf(readAdapter(directory)), classes });
  const stored = readTensors(join(directory, 'adapter_model.safetensors'));
  const values = new Map(adapted.parameters.map(({ name }) => [name, stored.get(`${KEY_PREFIX}${name}`)!]));
  return { adapted, values };
}

export interface StepResult {
  readonly loss: number;
  readonly logits: Floats;
  /** By the names of the trainable inputs. */
  readonly gradients: ReadonlyMap<string, Floats>;
}

/** One training step over the images of a golden, each counting 1/n: mean cross entropy. */
export async function runStep(
  { graph, parameters }: Adapted,
  values: ReadonlyMap<string, Tensor>,
  { pixelValues, labels }: Golden,
  preprocessing: Preprocessing,
): Promise<StepResult> {
  const batch = labels.length;
  const program = await onnxRuntimeCpu.compile(trainingGraph(graph, { preprocessing, batch, labelSmoothing: 0 }));
  try {
    const results = await program.run({
      ...Object.fromEntries(values),
      [IMAGES]: bytesOfPixels(pixelValues, preprocessing),
      [LABELS]: { dtype: 'int32', shape: [batch], data: Int32Array.from(labels) },
      [WEIGHTS]: { dtype: 'float32', shape: [batch], data: new Float32Array(batch).fill(1 / batch) },
    });
    return {
      loss: (results[LOSS] as Floats).data[0]!,
      logits: results[LOGITS] as Floats,
      gradients: new Map(parameters.map(({ name }) => [name, results[gradientOf(name)] as Floats])),
    };
  } finally {
    await program.release();
  }
}

/** Pixel values came from bytes, so the bytes can be told from them: float32 [B, 3, H, W] → uint8 [B, H, W, 3]. */
function bytesOfPixels({ shape, data }: Floats, { mean, std }: Preprocessing): Tensor<'uint8'> {
  const [batch, channels, height, width] = shape as readonly [number, number, number, number];
  const bytes = new Uint8Array(data.length);
  data.forEach((value, index) => {
    const column = index % width;
    const row = Math.floor(index / width) % height;
    const channel = Math.floor(index / (width * height)) % channels;
    const image = Math.floor(index / (width * height * channels));
    const level = (value * std[channel]! + mean[channel]!) * 255;
    if (Math.abs(level - Math.round(level)) > 1e-3) throw new Error(`${level} is no byte`);
    bytes[((image * height + row) * width + column) * channels + channel] = Math.round(level);
  });
  return { dtype: 'uint8', shape: [batch, height, width, channels], data: bytes };
}

/** Largest difference, element by element; NaN where one is. */
export function distance(actual: Pick<Tensor, 'shape' | 'data'>, expected: Pick<Tensor, 'shape' | 'data'>): number {
  if (actual.shape.join() !== expected.shape.join())
    throw new Error(`[${actual.shape.join()}] is not [${expected.shape.join()}]`);
  return Array.from(actual.data, Number).reduce((largest, value, index) => {
    const difference = Math.abs(value - Number(expected.data[index]!));
    return difference > largest || Number.isNaN(difference) ? difference : largest;
  }, 0);
}

export function largest({ data }: Pick<Tensor, 'data'>): number {
  return Array.from(data, Number).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
