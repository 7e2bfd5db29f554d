/** A detector whose head alone is trained on pictures that stay as they are: what the head reads is computed once and kept. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { writeDetectionSample } from '../../src/data/detection/sample.ts';
import { readEvents } from '../../src/shared/run/event-log.ts';
import type { JobPlan } from '../../src/trainer/plan.ts';
import { lowrank, useFolder } from './cli-process.ts';

const BASE = join(import.meta.dirname, '../fixtures/yolo/drawn.pt');
const folder = useFolder();
const at = (name: string): string => join(folder.path, name);

const STILL = ['mosaic', 'scale', 'translate', 'flipVertically', 'hue', 'saturation', 'value'].map(
  (name) => `detection.${name}=0`,
);
const job = (...settings: string[]): string[] => [
  ...['--data', 'shapes', '--base', BASE, '--method', 'head', '--batch', '8', '--epochs', '2', '--threads', '2'],
  ...[...STILL, 'augmentation.flip=0', ...settings].flatMap((setting) => ['--set', setting]),
];

beforeAll(() => writeDetectionSample(at('shapes'), { train: 20, validation: 12 }));

interface Losses {
  readonly steps: readonly number[];
  readonly evaluations: readonly number[];
}

async function losses(run: string, ...settings: string[]): Promise<Losses> {
  const { code, stderr } = await lowrank(['train', ...job(...settings), '--out', run], { cwd: folder.path });
  expect(code, stderr).toBe(0);
  const { events } = await readEvents(at(run));
  const of = (type: 'step' | 'evaluation'): number[] =>
    events.flatMap((event) => (event.type === type ? [event.loss!] : []));
  return { steps: of('step'), evaluations: of('evaluation') };
}

const adapterOf = (run: string): string =>
  createHash('sha256')
    .update(readFileSync(at(`${run}/adapter/adapter_model.safetensors`)))
    .digest('hex');

it('ends in the same adapter, by the same losses, as without', async () => {
  const kept = await losses('kept');
  const anew = await losses('anew', 'training.cacheFrozen=off');
  expect(kept.steps).toHaveLength(6);
  expect(anew.steps).toEqual(kept.steps);
  expect(kept.evaluations).toHaveLength(3);
  // Evaluated with the head's weights as constants, whose convolutions ONNX Runtime adds up in another order: 10⁻⁶ of some ten.
  for (const [index, loss] of kept.evaluations.entries()) expect(anew.evaluations[index]! / loss).toBeCloseTo(1, 4);
  expect(adapterOf('kept')).toBe(adapterOf('anew'));
});

it('is told by the plan, with the reason where nothing is kept', async () => {
  const planOf = async (...settings: string[]): Promise<JobPlan> => {
    const { code, stdout, stderr } = await lowrank(['plan', '--json', ...job(...settings)], { cwd: folder.path });
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout) as JobPlan;
  };
  const kept = await planOf();
  const { training, validation, reason } = kept.frozen;
  expect(reason).toBeNull();
  expect(training!.bytes).toBe(20 * training!.shape[0]! * Float32Array.BYTES_PER_ELEMENT);
  expect(validation!.bytes / training!.bytes).toBeCloseTo(12 / 20);
  expect(kept.stepFlops).toBeLessThan((await planOf('training.cacheFrozen=off')).stepFlops / 4);
  expect((await planOf('training.cacheFrozen=off')).frozen.reason).toMatch(/cacheFrozen is off/);
  expect((await planOf('detection.mosaic=1')).frozen.reason).toMatch(/anew each epoch/);
});
