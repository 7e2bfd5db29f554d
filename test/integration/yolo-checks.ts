/** What a detector of Ultralytics has to give here: its raw outputs, its layers, and the same under an adapter of peft. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import type { Graph } from '../../src/graph/ir.ts';
import { Random } from '../../src/shared/random.ts';
import { foldBatchNormalization } from '../../src/graph/passes/fold-batch-normalization.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { adaptableModules } from '../../src/lora/layers.ts';
import { mergeIntoBase } from '../../src/lora/merge-base.ts';
import { readAdapter } from '../../src/lora/read-adapter.ts';
import { PIXELS } from '../../src/models/base.ts';
import { countParameters } from '../../src/models/frozen.ts';
import type { Base } from '../../src/models/base.ts';
import { distance, largest, readTensors } from './transformers-reference.ts';

export interface YoloGolden {
  readonly names: readonly string[];
  readonly strides: readonly number[];
  /** Without running statistics. */
  readonly parameters: number;
  readonly layers: Readonly<Record<string, { readonly weight: readonly number[]; readonly groups: number }>>;
}

export function readYoloGolden(directory: string): YoloGolden {
  return JSON.parse(readFileSync(join(directory, 'golden.json'), 'utf8')) as YoloGolden;
}

/** The contract, in parts of the largest value of an output. Measured: 4e-5 at most over the four families at n and s (PyTorch's own
 * float32 differs as much from its float64); l and x have weights that keep rounding small (make_yolo.py). */
const OUTPUT_TOLERANCE = 1e-4;

type Tensors = ReadonlyMap<string, Tensor>;

/** Largest difference of each raw output to the golden one, in parts of its largest value. */
async function differences(graph: Graph, pixels: Tensor, golden: Tensors): Promise<Record<string, number>> {
  const program = await onnxRuntimeCpu.compile(graph);
  try {
    const results = await program.run({ [PIXELS]: pixels });
    return Object.fromEntries(
      Object.entries(results).map(([name, actual]) => {
        const expected = golden.get(name)!;
        return [name, distance(actual, expected) / largest(expected)];
      }),
    );
  } finally {
    await program.release();
  }
}

/** As published, and with its normalisation folded into the convolutions, as a run trains it. */
export async function checkOutputs(base: Base, directory: string, tolerance = OUTPUT_TOLERANCE): Promise<void> {
  const golden = readTensors(join(directory, 'golden.safetensors'));
  await checkAgainst(base, golden.get('pixels')!, golden, tolerance);
}

/** Under the adapter that peft put on Ultralytics' model. */
export async function checkYoloAdapter(base: Base, directory: string): Promise<void> {
  const adapter = join(directory, 'adapters', 'lora');
  const pixels = readTensors(join(directory, 'golden.safetensors')).get('pixels')!;
  const golden = readTensors(join(adapter, 'golden.safetensors'));
  await checkAgainst(mergeIntoBase(base, readAdapter(adapter), adapter), pixels, golden, OUTPUT_TOLERANCE);
}

async function checkAgainst(base: Base, pixels: Tensor, golden: Tensors, tolerance: number): Promise<void> {
  const [, , height, width] = pixels.shape as readonly [number, number, number, number];
  const graph = base.detection!.atSize({ height, width });
  for (const form of [graph, foldBatchNormalization(graph)]) {
    const found = await differences(form, pixels, golden);
    const outputs = base.detection!.branches.flatMap(({ boxes, scores }) => [boxes, scores]);
    expect(Object.keys(found).sort()).toEqual(outputs.sort());
    for (const [name, difference] of Object.entries(found)) expect(difference, name).toBeLessThan(tolerance);
  }
}

/** Two images of the graph's own size, the same each time. */
export function noiseOf(graph: Graph): Tensor<'float32'> {
  const [, , height, width] = graph.inputs[0]!.shape as readonly [unknown, unknown, number, number];
  const random = new Random(3);
  const data = Float32Array.from({ length: 2 * 3 * height * width }, () => random.uniform(0, 1));
  return { dtype: 'float32', shape: [2, 3, height, width], data };
}

/** Raw outputs for the noise. */
export async function outputsOf(graph: Graph): Promise<Record<string, Float32Array>> {
  const program = await onnxRuntimeCpu.compile(graph);
  try {
    const results = await program.run({ [PIXELS]: noiseOf(graph) });
    return Object.fromEntries(Object.entries(results).map(([name, { data: own }]) => [name, own as Float32Array]));
  } finally {
    await program.release();
  }
}

/** Every convolution under its path in Ultralytics' state dict, and nothing else. */
export function checkLayers(base: Base, { names, strides, layers, parameters }: YoloGolden): void {
  const found = adaptableModules(base).map((module) => {
    if (module.kind !== 'conv2d') throw new Error(`${module.path} is no convolution`);
    const { inFeatures, outFeatures, kernel, groups } = module;
    return [module.path, { kind: 'conv', weight: [outFeatures, inFeatures / groups, ...kernel], groups }] as const;
  });
  expect(Object.fromEntries(found)).toEqual(layers);
  expect(countParameters(base.graph)).toBe(parameters);
  expect(base.labels).toEqual(names);
  expect(base.detection!.strides).toEqual(strides);
  expect(base.detection!.classes).toBe(names.length);
}
