/** What every reference model has to pass, the committed ones and those that the parity tests make. */
import { join } from 'node:path';
import { expect } from 'vitest';
import { asFloat32 } from '../../src/formats/safetensors.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { adapt } from '../../src/lora/adapt.ts';
import { mergeIntoBase } from '../../src/lora/merge-base.ts';
import { readAdapter } from '../../src/lora/read-adapter.ts';
import { frozenTensors } from '../../src/models/frozen.ts';
import { openTransformers } from '../../src/models/transformers/open.ts';
import { KEY_PREFIX } from '../../src/shared/adapter-tensors.ts';
import { loraSchema } from '../../src/shared/job.ts';
import {
  adaptedAs,
  distance,
  largest,
  logitsOf,
  readAdapterGolden,
  readGolden,
  readTensors,
  runStep,
} from './transformers-reference.ts';

/**
 * Logits of order one, float32 here and float64 there: a dozen layers add up to some 1e-5 (measured: 8e-6 at most). The contract is
 * 1e-4; a lost bias or a swapped scale is off by tenths.
 */
export const LOGIT_TOLERANCE = 2e-5;
/** For the same reason, of the larger of 0.1 and the gradient's largest element (measured: 6e-6 at most). A key's bias has none at all. */
const GRADIENT_TOLERANCE = 2e-5;

/** Logits of a model directory; those of the directory `goldens` where it has none of its own. */
export async function checkBase(directory: string, goldens = directory): Promise<void> {
  const base = await openTransformers(directory);
  const golden = readGolden(goldens);
  expect(base.labels).toEqual(golden.classNames);
  expect(distance(await logitsOf(base.graph, golden.pixelValues), golden.logits)).toBeLessThan(LOGIT_TOLERANCE);
}

/** A bare encoder takes the head of a classifier with the same encoder, as training gives it a new one, and becomes that classifier. */
export async function checkEncoder(directory: string, classifier: string): Promise<void> {
  const base = await openTransformers(directory);
  const golden = readGolden(classifier);
  expect(base.labels).toBeUndefined();
  const adapted = adapt(base, { method: 'head', lora: loraSchema.parse({}), classes: golden.classNames });
  const stored = readTensors(join(classifier, 'model.safetensors'));
  const values = new Map(adapted.parameters.map(({ name }) => [name, asFloat32(stored.get(name)!)]));
  expect(adapted.newHead).toBe(true);
  expect([...values.keys()]).toEqual(base.heads.flatMap((head) => [`${head}.weight`, `${head}.bias`]));
  const { logits } = await runStep(adapted, values, golden, base.preprocessing);
  expect(distance(logits, golden.logits)).toBeLessThan(LOGIT_TOLERANCE);
}

/** An adapter that peft saved: merged, and as the start of further training. */
export async function checkAdapter(model: string, directory: string): Promise<void> {
  const base = await openTransformers(model);
  const golden = readGolden(model);
  const expected = readAdapterGolden(directory);

  const merged = mergeIntoBase(base, readAdapter(directory), directory);
  expect(distance(await logitsOf(merged.graph, golden.pixelValues), expected.logits)).toBeLessThan(LOGIT_TOLERANCE);

  const { adapted, values } = adaptedAs(base, directory, golden.classNames);
  expect(Object.fromEntries(adapted.targets.map(({ module, scale }) => [module.path, scale]))).toEqual(expected.scales);
  const step = await runStep(adapted, values, golden, base.preprocessing);
  expect(Math.abs(step.loss - expected.loss)).toBeLessThan(LOGIT_TOLERANCE);
  expect(distance(step.logits, expected.logits)).toBeLessThan(LOGIT_TOLERANCE);
  expectGradients(
    step.gradients,
    new Map([...expected.gradients].map(([key, tensor]) => [key.slice(KEY_PREFIX.length), tensor])),
  );
}

/** Full fine-tuning: the gradient of every parameter of the base, which the directory holds in a file of its own. */
export async function checkFullGradients(directory: string): Promise<void> {
  const base = await openTransformers(directory);
  const golden = readGolden(directory);
  const adapted = adapt(base, { method: 'full', lora: loraSchema.parse({}), classes: golden.classNames });
  const frozen = frozenTensors(base.graph);
  const values = new Map(adapted.parameters.map(({ name }) => [name, frozen.get(name)!]));
  const step = await runStep(adapted, values, golden, base.preprocessing);
  expect(Math.abs(step.loss - golden.loss)).toBeLessThan(LOGIT_TOLERANCE);
  expectGradients(step.gradients, readTensors(join(directory, 'gradients.safetensors')));
}

function expectGradients(actual: ReadonlyMap<string, Tensor>, expected: ReadonlyMap<string, Tensor>): void {
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, exact] of expected) {
    const scale = Math.max(0.1, largest(exact));
    expect(distance(actual.get(name)!, exact) / scale, name).toBeLessThan(GRADIENT_TOLERANCE);
  }
}
