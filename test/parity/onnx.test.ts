/**
 * ONNX exports of the real architectures (make_onnx.py): ResNet, MobileNet, EfficientNet, ConvNeXt, ViT and Swin from torchvision, timm and
 * transformers, of several opsets, both exporters, fixed and dynamic batches, BatchNorm fused and kept, external data. Making them takes
 * minutes; LOWRANK_PARITY_MODELS names a folder that holds them already, under `onnx`.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asFloat32 } from '../../src/formats/safetensors.ts';
import { openOnnx } from '../../src/models/onnx/open.ts';
import { differenceFromFile, images, layersOf, lossesOfTraining, readLayers } from '../integration/onnx-reference.ts';
import { distance, largest, logitsOf, readTensors } from '../integration/transformers-reference.ts';
import { runPython } from './python.ts';

interface Export {
  readonly name: string;
  readonly file: string;
  readonly architecture: string;
  readonly head: string;
  readonly batchNorm: 'kept' | 'fused' | 'none';
}

const MAKING_MS = 3_600_000;
const made = join(process.env['LOWRANK_PARITY_MODELS'] ?? '', 'onnx');
const folder = existsSync(join(made, 'index.json')) ? made : mkdtempSync(join(tmpdir(), 'lowrank-parity-onnx-'));

beforeAll(async () => {
  if (folder !== made) await runPython('make_onnx.py', ['--out', folder]);
}, MAKING_MS);
afterAll(() => {
  if (folder !== made) rmSync(folder, { recursive: true });
});

const exportsMade = (): Export[] => JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as Export[];

/** Matrix products of torchvision's packed attention, which are a layer to us and part of one to PyTorch. */
const PACKED = '.self_attention';

/**
 * The contract, in parts of the largest logit. Measured: 4e-6 at most, EfficientNet-B0, whose 81 convolutions ONNX Runtime fuses
 * differently once x·σ(x) is one operator.
 */
const TOLERANCE = 1e-4;

describe('every export', () => {
  it('is there', () => {
    expect(exportsMade().length).toBeGreaterThanOrEqual(80);
  });

  it.each(['script', 'dynamo'])('names modules, head and BatchNorm: %s', async (exporter) => {
    for (const { name, file, architecture, head, batchNorm } of chosen(exporter)) {
      const base = await openOnnx(join(folder, file));
      const layers = Object.entries(layersOf(base)).filter(([path]) => !path.endsWith(PACKED));
      expect(Object.fromEntries(layers), name).toEqual(readLayers(join(folder, `${architecture}.layers.json`)));
      expect(base.heads, name).toEqual([head]);
      expect(base.identity.fusedBatchNorm, name).toBe(batchNorm === 'fused');
    }
  });

  it.each(['script', 'dynamo'])(
    "gives ONNX Runtime's logits of it, for one image and for three: %s",
    async (exporter) => {
      for (const { name, file } of chosen(exporter)) {
        const path = join(folder, file);
        const base = await openOnnx(path);
        for (const count of [1, 3]) {
          expect(await differenceFromFile(base, path, images(count, base)), `${name} ×${count}`).toBeLessThan(
            TOLERANCE,
          );
        }
        const golden = readTensors(path.replace(/onnx$/, 'safetensors'));
        const [input, logits] = [asFloat32(golden.get('input')!), golden.get('logits')!];
        expect(distance(await logitsOf(base.graph, input), logits) / largest(logits), name).toBeLessThan(TOLERANCE);
      }
    },
  );

  it.each(['script', 'dynamo'])('learns three images by heart: %s', async (exporter) => {
    for (const { name, file } of chosen(exporter)) {
      const losses = await lossesOfTraining(await openOnnx(join(folder, file)), 5);
      expect(losses.every(Number.isFinite), name).toBe(true);
      expect(losses.at(-1), name).toBeLessThan(losses[0]!);
    }
  });
});

function chosen(exporter: string): Export[] {
  return exportsMade().filter(({ name }) => name.includes(`-${exporter}`));
}
