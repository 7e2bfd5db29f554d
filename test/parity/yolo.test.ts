/**
 * Detectors of Ultralytics at their published sizes, with the checkpoints that `make_yolo.py` makes: raw outputs, layers, adapters of peft,
 * and the other ways in which the same network is saved. Making them takes minutes; LOWRANK_PARITY_MODELS names a folder that holds them
 * already, under `yolo`. LOWRANK_PARITY_SCALES=nsmlx has the largest ones too.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { frozenTensors } from '../../src/models/frozen.ts';
import { openBase } from '../../src/models/open-base.ts';
import { openYolo } from '../../src/models/yolo/open.ts';
import { checkLayers, checkOutputs, checkYoloAdapter, readYoloGolden } from '../integration/yolo-checks.ts';
import { distance } from '../integration/transformers-reference.ts';
import { runPython } from './python.ts';

const MAKING_MS = 3_600_000;
const made = join(process.env['LOWRANK_PARITY_MODELS'] ?? '', 'yolo');
const FAMILIES = ['yolov8', 'yolo11', 'yolo12', 'yolo26'];
const SCALES = Array.from(process.env['LOWRANK_PARITY_SCALES'] ?? 'nsm');
const folder = existsSync(made) ? made : mkdtempSync(join(tmpdir(), 'lowrank-parity-yolo-'));

beforeAll(async () => {
  if (folder !== made) await runPython('make_yolo.py', ['--out', folder, '--scales', SCALES.join('')]);
}, MAKING_MS);
afterAll(() => {
  if (folder !== made) rmSync(folder, { recursive: true });
});

describe.each(FAMILIES.flatMap((family) => SCALES.map((scale) => `${family}${scale}`)))('%s', (model) => {
  const directory = join(folder, model);

  it("gives Ultralytics' raw outputs, and peft's with its adapter", async () => {
    const base = await openYolo(`${directory}.pt`);
    await checkOutputs(base, directory);
    await checkYoloAdapter(base, directory);
  });

  it('names layers, classes and strides', async () => {
    const base = await openYolo(`${directory}.pt`);
    expect(base.family).toBe(model.slice(0, -1));
    checkLayers(base, readYoloGolden(directory));
  });
});

it('reads a checkpoint of the first versions of Ultralytics: modules in one file, the job an object', async () => {
  const base = await openYolo(join(folder, 'yolov8n-first.pt'));
  expect(base.family).toBe('yolov8');
  await checkOutputs(base, join(folder, 'yolov8n'));
});

describe.each(FAMILIES.map((family) => `${family}n`))('%s saved in other ways', (model) => {
  const directory = join(folder, model);

  it.each(['ema', 'fp64', 'channels-last'])('%s: the same outputs', async (way) => {
    await checkOutputs(await openYolo(`${directory}-${way}.pt`), directory);
  });

  it('fused: the same outputs, and says that it is', async () => {
    const base = await openYolo(`${directory}-fused.pt`);
    expect(base.identity.fusedBatchNorm).toBe(true);
    await checkOutputs(base, directory);
  });

  it('bfloat16: the weights rounded to eight bits', async () => {
    const [whole, rounded] = await Promise.all(
      ['', '-bf16'].map(async (way) => frozenTensors((await openYolo(`${directory}${way}.pt`)).graph)),
    );
    for (const [name, tensor] of whole!) {
      const largest = tensor.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      // Half of the last of eight bits: 2⁻⁹ of the value.
      expect(distance(rounded!.get(name)!, tensor), name).toBeLessThanOrEqual(largest * 2 ** -8);
    }
  });
});

const exports_ = join(process.env['LOWRANK_PARITY_MODELS'] ?? '', 'yolo-onnx');

describe('exports of Ultralytics', () => {
  const written = existsSync(exports_) ? exports_ : mkdtempSync(join(tmpdir(), 'lowrank-parity-yolo-onnx-'));
  beforeAll(async () => {
    if (written !== exports_) await runPython('make_yolo_onnx.py', [folder, written]);
  }, MAKING_MS);
  afterAll(() => {
    if (written !== exports_) rmSync(written, { recursive: true });
  });

  it.each(
    FAMILIES.flatMap((family) =>
      ['static', 'dynamic', 'nms', 'half', ...(family === 'yolo26' ? ['end2end'] : [])].map(
        (way) => [`${family}n`, way] as const,
      ),
    ),
  )('%s %s: the raw outputs of the checkpoint', async (model, way) => {
    const base = await openBase(join(written, `${model}-${way}.onnx`));
    expect(base.identity.fusedBatchNorm).toBe(true);
    // Fused weights of a half export are rounded to eleven bits, which random ones carry far: 0.031 through YOLO12's attention.
    await checkOutputs(base, join(folder, model), way === 'half' ? 5e-2 : undefined);
  });
});
