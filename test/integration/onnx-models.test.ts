/**
 * ONNX classifiers that PyTorch exported (test/parity/make_onnx_tiny.py, make_gradients.py): the imported graph against ONNX Runtime running
 * the file, and its adapters' gradients against PyTorch's.
 */
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { asFloat32 } from '../../src/formats/safetensors.ts';
import { frozenTensors } from '../../src/models/frozen.ts';
import { openOnnx } from '../../src/models/onnx/open.ts';
import { compileStep, differenceFromFile, images, layersOf, lossesOfTraining, readLayers } from './onnx-reference.ts';
import { adaptedAs, distance, largest, logitsOf, readAdapterGolden, readTensors } from './transformers-reference.ts';

const FIXTURES = resolve(import.meta.dirname, '../fixtures');
const TINY = join(FIXTURES, 'onnx');
const tiny = readdirSync(TINY).filter((name) => name.endsWith('.onnx'));

/** In parts of the largest logit: float32 sums in another order, some layers deep (measured: 1e-6 at most). */
const TOLERANCE = 1e-5;

describe.each(tiny)('%s', (name) => {
  const file = join(TINY, name);

  it.each([1, 3])('computes what ONNX Runtime computes of the file, for %i images', async (count) => {
    const base = await openOnnx(file);
    expect(base.graph.outputs.get('logits')!.shape[1]).toBe(4);
    expect(await differenceFromFile(base, file, images(count, base))).toBeLessThan(TOLERANCE);
  });

  it('learns three images by heart', async () => {
    const losses = await lossesOfTraining(await openOnnx(file), 30, 5e-3);
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);
  });
});

it('reads the same weights from the model and from a data file beside it', async () => {
  const [inside, outside] = await Promise.all(
    ['convnext-dynamo', 'convnext-external'].map((name) => openOnnx(join(TINY, `${name}.onnx`))),
  );
  const tensors = frozenTensors(outside!.graph);
  expect(frozenTensors(inside!.graph)).toEqual(tensors);
  expect([...tensors.keys()]).toContain('classifier.2.weight');
  expect(inside!.identity.sha256).not.toBe(outside!.identity.sha256);
});

describe.each([
  ['onnx-cnn', 'fused', 'fused', true],
  ['onnx-cnn', 'kept', 'kept', false],
  ['onnx-vit', 'script', 'lora', false],
])('%s/%s.onnx', (model, export_, adapter, fusedBatchNorm) => {
  const directory = join(FIXTURES, 'models', model);
  const golden = readTensors(join(directory, 'golden.safetensors'));
  const pixels = asFloat32(golden.get('input')!);
  const open = () => openOnnx(join(directory, `${export_}.onnx`));

  it("names PyTorch's modules", async () => {
    const base = await open();
    expect(layersOf(base)).toEqual(readLayers(join(directory, 'golden.json')));
    expect(base.heads).toEqual(['head']);
    expect(base.identity.fusedBatchNorm).toBe(fusedBatchNorm);
  });

  it("gives PyTorch's logits", async () => {
    const { graph } = await open();
    // Logits of order one, float64 there.
    expect(distance(await logitsOf(graph, pixels), golden.get('logits')!)).toBeLessThan(2e-5);
  });

  it("gives peft's logits, loss and gradients with an adapter on every layer", async () => {
    const folder = join(directory, 'adapters', adapter);
    const expected = readAdapterGolden(folder);
    const labels = Array.from(golden.get('labels')!.data, Number);
    const { adapted, values } = adaptedAs(await open(), folder, ['a', 'b', 'c', 'd', 'e']);
    expect(Object.fromEntries(adapted.targets.map(({ module, scale }) => [module.path, scale]))).toEqual(
      expected.scales,
    );
    const step = await compileStep(adapted, pixels, labels);
    const { loss, logits, gradients } = await step.run(values);
    await step.release();
    expect(Math.abs(loss - expected.loss)).toBeLessThan(2e-5);
    expect(distance(logits, expected.logits)).toBeLessThan(2e-5);
    expect(gradients.size).toBe(expected.gradients.size);
    for (const [key, exact] of expected.gradients) {
      const name = key.replace(/^base_model\.model\./, '');
      // Of the larger of 0.1 and the gradient's own size, as for the Hugging Face models.
      const scale = Math.max(0.1, largest(exact));
      expect(distance(gradients.get(name)!, exact) / scale, name).toBeLessThan(2e-5);
    }
  });
});
