/**
 * Detectors of Ultralytics, of a few layers each, with every module of their families (test/parity/make_yolo.py --tiny). The published
 * sizes are in test/parity/yolo.test.ts.
 */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { resolveTargets } from '../../src/lora/targets.ts';
import { adaptableModules } from '../../src/lora/layers.ts';
import { adapt } from '../../src/lora/adapt.ts';
import type { Base } from '../../src/models/base.ts';
import { openBase } from '../../src/models/open-base.ts';
import { loraSchema } from '../../src/shared/job.ts';
import { checkLayers, checkOutputs, checkYoloAdapter, readYoloGolden } from './yolo-checks.ts';

const FOLDER = join(import.meta.dirname, '../fixtures/yolo');

describe.each(['yolov8', 'yolo11', 'yolo12', 'yolo26'])('%s', (family) => {
  const directory = join(FOLDER, family);
  let base: Base;
  beforeAll(async () => {
    base = await openBase(`${directory}.pt`);
  });

  it("gives the raw outputs of Ultralytics' head", () => checkOutputs(base, directory));

  it("gives peft's outputs with its adapter", () => checkYoloAdapter(base, directory));

  it('names its layers, classes and strides as Ultralytics does', () => {
    expect(base.family).toBe(family);
    checkLayers(base, readYoloGolden(directory));
  });

  it('takes adapters in every convolution of one group but those that write the scores', () => {
    const modules = adaptableModules(base);
    const options = { ...loraSchema.parse({}), rank: 1 };
    const { targets, skipped } = resolveTargets(modules, options, { head: base.heads });
    const isTarget = new Set(targets.map(({ module }) => module.path));
    const reasons = new Map(skipped.map(({ module, reason }) => [module.path, reason]));
    for (const module of modules) {
      const { path } = module;
      const isGrouped = module.kind === 'conv2d' && module.groups > 1;
      expect(isTarget.has(path), path).toBe(!isGrouped && !base.heads.includes(path));
      if (isGrouped) expect(reasons.get(path)).toMatch(/^depthwise convolution/);
    }
  });

  it('gets towers for other classes by the last convolution alone', () => {
    const lora = { ...loraSchema.parse({}), rank: 1 };
    const { graph, parameters } = adapt(base, { method: 'lora', lora, classes: ['a', 'b', 'c', 'd', 'e'] });
    for (const { boxes, scores } of base.detection!.branches) {
      expect(graph.outputs.get(boxes)!.shape).toEqual(base.graph.outputs.get(boxes)!.shape);
      expect(graph.outputs.get(scores)!.shape[1]).toBe(5);
    }
    const whole = parameters.filter(({ role }) => role === 'whole');
    expect(whole.map(({ module }) => module)).toEqual(base.heads.flatMap((head) => [head, head]));
    expect(whole.every(({ shape }) => shape[0] === 5)).toBe(true);
  });
});

it('refuses an image size that the strides do not divide, naming the next one', async () => {
  const { detection } = await openBase(join(FOLDER, 'yolov8.pt'));
  expect(() => detection!.atSize({ height: 64, width: 60 })).toThrow(
    'images of 60×64 pixels do not fit this model: sides are multiples of 8 up to 4096; 64 is the next',
  );
});
