/**
 * Exports of real adapters: peft's, on the vision transformer and the ResNet of test/fixtures/models, whose logits with each adapter
 * PyTorch has computed. What is written is run by ONNX Runtime as any program would run it.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onnxRuntimeCpu, loadOnnx } from '../../src/engines/onnxruntime.ts';
import { exportModel } from '../../src/export/export-model.ts';
import type { ExportRequest } from '../../src/export/export-model.ts';
import type { ImageSource } from '../../src/export/format.ts';
import { EXPORT_FORMATS } from '../../src/export/formats.ts';
import { decodeOnnxAdapter } from '../../src/export/onnx-adapter-file.ts';
import { noiseImages } from '../../src/export/pixels.ts';
import { readOnnxFile } from '../../src/formats/onnx-file.ts';
import { openSafetensors, writeSafetensors } from '../../src/formats/safetensors.ts';
import { float32 } from '../../src/graph/tensor.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { readAdapter } from '../../src/lora/read-adapter.ts';
import { initialise, toAdapter } from '../../src/lora/state.ts';
import { writeAdapter } from '../../src/lora/write-adapter.ts';
import { LOGITS, PIXELS } from '../../src/models/base.ts';
import { openBase } from '../../src/models/open-base.ts';
import { jobSchema } from '../../src/shared/job.ts';
import { expectClose } from '../close.ts';

const MODELS = join(import.meta.dirname, '../fixtures/models');
const CLASSES = ['ant', 'bee', 'cat', 'dog', 'eel'];
/** Goldens are exact; float32 rounds some hundred sums in another order. 1e-4 is the promise. */
const TOLERANCE = 2e-5;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lowrank-export-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const images: ImageSource = (preprocessing, count) => Promise.resolve(noiseImages(preprocessing, count));

function request(model: string, adapter: string, format: string, out: string): ExportRequest {
  const base = join(MODELS, model);
  return {
    base,
    adapter: join(base, 'adapters', adapter),
    format,
    out: join(folder, out),
    engine: onnxRuntimeCpu,
    images,
  };
}

function golden(file: string, name: string): Tensor {
  const tensors = openSafetensors(join(MODELS, file));
  try {
    return tensors.read(name);
  } finally {
    tensors.close();
  }
}

const pixelsOf = (model: string): Tensor => golden(`${model}/golden.safetensors`, 'pixel_values');
const logitsOf = (model: string, adapter: string): ArrayLike<number> =>
  golden(`${model}/adapters/${adapter}/golden.safetensors`, 'logits').data as Float32Array;

/** Logits of a file for the golden images, with further inputs. */
async function run(
  file: string | Uint8Array,
  model: string,
  feeds: Record<string, Tensor> = {},
): Promise<Float32Array> {
  const program = await loadOnnx(file);
  const { [LOGITS]: logits } = await program.run({ [PIXELS]: pixelsOf(model), ...feeds });
  await program.release();
  return logits!.data as Float32Array;
}

/** Ops of the graph that ONNX Runtime makes of a file. */
async function optimizedOps(file: string): Promise<Record<string, number>> {
  const program = await loadOnnx(file, { dumpTo: `${file}.optimized` });
  await program.release();
  const counts: Record<string, number> = {};
  for (const { opType = '' } of readOnnxFile(`${file}.optimized`).graph.node)
    counts[opType] = (counts[opType] ?? 0) + 1;
  return counts;
}

describe('merged ONNX', () => {
  it.each([
    ['vit', 'lora'],
    ['vit', 'dora'],
    ['vit', 'patterns'],
    ['resnet-basic', 'lora'],
    ['resnet-basic', 'dora'],
    ['deit-teacher', 'lora'],
    ['dinov2-swiglu', 'lora'],
  ])('in single precision has the logits of peft: %s %s', async (model, adapter) => {
    const { files } = await exportModel(request(model, adapter, 'onnx-fp32', `${model}-${adapter}.onnx`));
    expectClose(await run(files[0]!, model), logitsOf(model, adapter), TOLERANCE);
  });

  it('is of plain operators, and says what it is', async () => {
    const { files } = await exportModel(request('vit', 'lora', 'onnx-fp32', 'plain.onnx'));
    const { graph, metadataProps, producerName } = readOnnxFile(files[0]!);
    expect(new Set(graph.node.map(({ domain = '' }) => domain))).toEqual(new Set(['']));
    expect(producerName).toBe('lowrank');
    const metadata = Object.fromEntries(metadataProps.map(({ key = '', value = '' }) => [key, value]));
    expect(JSON.parse(metadata['lowrank.classes']!)).toEqual(CLASSES);
    expect(metadata['names']).toBe('{0: "ant", 1: "bee", 2: "cat", 3: "dog", 4: "eel"}');
    expect(metadata['imgsz']).toBe('[32, 32]');
    const base = await openBase(join(MODELS, 'vit'));
    expect(JSON.parse(metadata['lowrank.preprocessing']!)).toEqual(base.preprocessing);
    expect(JSON.parse(metadata['lowrank.base']!)).toEqual(base.identity);
    const adapter = openSafetensors(join(MODELS, 'vit/adapters/lora/adapter_model.safetensors'));
    expect(JSON.parse(metadata['lowrank.adapter']!)).toEqual({ sha256: await adapter.sha256() });
    adapter.close();
  });

  it('opens as a base again, with classes, preprocessing and logits', async () => {
    const { files } = await exportModel(request('vit', 'lora', 'onnx-fp32', 'again.onnx'));
    const [again, base] = [await openBase(files[0]!), await openBase(join(MODELS, 'vit'))];
    expect(again.labels).toEqual(CLASSES);
    expect(again.preprocessing).toEqual(base.preprocessing);
    const program = await onnxRuntimeCpu.compile(again.graph);
    const { [LOGITS]: logits } = await program.run({ [PIXELS]: pixelsOf('vit') });
    expectClose(logits!.data, logitsOf('vit', 'lora'), TOLERANCE);
    await program.release();
  });

  it('keeps the fusions of attention: no transpose is left around its products', async () => {
    const { files } = await exportModel(request('vit', 'lora', 'onnx-fp32', 'fused.onnx'));
    const ops = await optimizedOps(files[0]!);
    // Two blocks with two products each, the class token of the last one normalised alone. Transposes: of the patches, behind attention.
    expect(ops).toMatchObject({ FusedMatMul: 4, Softmax: 2, Gelu: 2, LayerNormalization: 6, Transpose: 3 });
    expect(ops).not.toHaveProperty('MatMul');
  });

  it.each(['vit', 'resnet-basic', 'dinov2-resized'])('in half precision is half the size: %s', async (model) => {
    const full = await exportModel(request(model, 'lora', 'onnx-fp32', `${model}-32.onnx`));
    const half = await exportModel(request(model, 'lora', 'onnx-fp16', `${model}-16.onnx`));
    const weights = ({ files }: typeof full): number =>
      readOnnxFile(files[0]!).graph.initializer.reduce((sum, { rawData }) => sum + (rawData?.length ?? 0), 0);
    // The resized positions of DINOv2 are worked out, and shapes stay integers of 64 bits.
    expect(weights(half)).toBeLessThan(0.58 * weights(full));
    expect(half.agreement).toBeGreaterThan(0.98);
    const logits = await run(half.files[0]!, model);
    // A half has 11 bits: 5e-4 a rounding, of logits around 4.
    expectClose(logits, logitsOf(model, 'lora'), 2e-2);
  });

  it('in 8 bits is computed by integer kernels: linear layers', async () => {
    const { files, bytes, agreement } = await exportModel(request('vit', 'lora', 'onnx-int8', 'vit-8.onnx'));
    const ops = await optimizedOps(files[0]!);
    // Six layers in each of two blocks and the head; the patches stay a convolution of floats.
    expect(ops).toMatchObject({ QGemm: 13, Conv: 1, Gelu: 2, LayerNormalization: 6, Softmax: 2 });
    for (const op of ['Gemm', 'DequantizeLinear', 'QLinearConv']) expect(ops).not.toHaveProperty(op);
    expect(agreement).toBeGreaterThan(0.95);
    expect(bytes).toBeLessThan(0.7 * readFileSync(join(MODELS, 'vit/model.safetensors')).length);
  });

  it('in 8 bits is computed by integer kernels: convolutions, sums and pooling', async () => {
    const { files } = await exportModel(request('resnet-basic', 'lora', 'onnx-int8', 'resnet-8.onnx'));
    const ops = await optimizedOps(files[0]!);
    // Every convolution and every sum but the last, whose ReLU goes into the mean over all pixels.
    expect(ops).toMatchObject({ QLinearConv: 11, QLinearAdd: 3, NhwcMaxPool: 1, QGemm: 1, Add: 1 });
    for (const op of ['Conv', 'BatchNormalization', 'MaxPool', 'Gemm']) expect(ops).not.toHaveProperty(op);
  });

  it('takes ranges from images only', async () => {
    const { images: _, ...without } = request('vit', 'lora', 'onnx-int8', 'never.onnx');
    await expect(exportModel(without)).rejects.toThrow('onnx-int8 takes the ranges of activations from images');
    expect(existsSync(without.out)).toBe(false);
  });
});

describe('an export', () => {
  it('is told in numbers', async () => {
    const { images: _, ...without } = request('vit', 'lora', 'onnx-fp32', 'numbers.onnx');
    const report = await exportModel(without);
    expect(report).toMatchObject({ format: 'onnx-fp32', realImages: false, agreement: 1, changed: 0 });
    expect(report.bytes).toBe(readFileSync(report.files[0]!).length);
    expect(report.difference.largest).toBeLessThan(TOLERANCE * report.difference.largestLogit);
    expect(report.difference.typical).toBeLessThanOrEqual(report.difference.largest);
    expect(report.latency.exported).toBeGreaterThan(0);
    const adapter = readFileSync(join(without.adapter, 'adapter_model.safetensors')).length;
    expect(report.referenceBytes).toBeGreaterThan(adapter);
  });

  it('that differs is refused, and nothing is left behind', async () => {
    // An adapter that has diverged: in half precision its weights are infinite.
    const { adapter: from, ...rest } = request('vit', 'rslora', 'onnx-fp16', 'diverged/m.onnx');
    const trained = readAdapter(from);
    const layers = new Map(
      [...trained.layers].map(([module, layer]) => [
        module,
        {
          ...layer,
          B: float32(
            layer.B.shape,
            layer.B.data.map((value) => value * 1e7),
          ),
        },
      ]),
    );
    const adapter = join(folder, 'diverged-adapter');
    await writeAdapter(adapter, { ...trained, layers });
    await expect(exportModel({ ...rest, adapter })).rejects.toThrow(/not written: as onnx-fp16 the model differs/);
    expect(readdirSync(join(folder, 'diverged'))).toEqual([]);
    await expect(exportModel({ ...rest, adapter, format: 'onnx-fp32' })).resolves.toMatchObject({ agreement: 1 });
  });

  it('of an unknown format, or of no adapter, is refused', async () => {
    await expect(exportModel(request('vit', 'lora', 'onnx-fp8', 'x.onnx'))).rejects.toThrow(
      `there is no export format "onnx-fp8"; there are ${EXPORT_FORMATS.map(({ name }) => name).join(', ')}`,
    );
    await expect(exportModel(request('vit', 'none', 'onnx-fp32', 'x.onnx'))).rejects.toThrow('no adapter here');
  });
});

describe('switchable adapters', () => {
  const add = (adapter: string, model = 'vit') =>
    exportModel(request(model, adapter, 'onnx-adapter', `switch/${adapter}.onnx_adapter`));
  const base = (): string => join(folder, 'switch/base.onnx');

  it('share one base, whatever their ranks and layers', async () => {
    const first = await add('lora');
    expect(first.files.map((file) => file.slice(folder.length + 1)).toSorted()).toEqual([
      'switch/base.onnx',
      'switch/lora.json',
      'switch/lora.onnx_adapter',
    ]);
    const written = readFileSync(base());
    for (const adapter of ['rslora', 'patterns', 'one-block']) {
      const { files } = await add(adapter);
      expect(files).toHaveLength(2);
      expect(files[0]).toBe(join(folder, `switch/${adapter}.onnx_adapter`));
    }
    expect(readFileSync(base())).toEqual(written);
  });

  it('are the base alone without one', async () => {
    const logits = golden('vit/golden.safetensors', 'logits').data as Float32Array;
    expectClose(await run(base(), 'vit'), logits, TOLERANCE);
  });

  it('know their classes and their base', () => {
    const record = JSON.parse(readFileSync(join(folder, 'switch/lora.json'), 'utf8')) as Record<string, unknown>;
    expect(record).toMatchObject({ version: 1, model: 'base.onnx', task: { classNames: CLASSES } });
    const { modelVersion } = decodeOnnxAdapter(readFileSync(join(folder, 'switch/lora.onnx_adapter')), 'lora');
    const { sha256 } = record['base'] as { sha256: string };
    expect(modelVersion).toBe(Number(BigInt(`0x${sha256}`) >> 225n));
  });

  it('are refused beside another base, and where that has no place for them', async () => {
    await expect(add('lora', 'resnet-basic')).rejects.toThrow(/base\.onnx: belongs to another base/);
    await expect(add('dora')).rejects.toThrow(/base\.onnx: has no input .*lora_gain/);
    expect(readdirSync(join(folder, 'switch')).filter((name) => name.startsWith('.'))).toEqual([]);
    expect(existsSync(join(folder, 'switch/dora.onnx_adapter'))).toBe(false);
  });

  it('of DoRA feed their gain', async () => {
    await exportModel(request('vit', 'dora', 'onnx-adapter', 'gain/dora.onnx_adapter'));
    await exportModel(request('resnet-basic', 'dora', 'onnx-adapter', 'gain-conv/dora.onnx_adapter'));
    const { parameters } = decodeOnnxAdapter(readFileSync(join(folder, 'gain/dora.onnx_adapter')), 'dora');
    expect([...parameters.keys()].filter((name) => name.endsWith('.lora_gain')).length).toBeGreaterThan(0);
  });
});

describe('a Hugging Face directory', () => {
  it.each([
    ['vit', 'lora'],
    ['resnet-bottleneck', 'lora'],
    ['dinov2-swiglu', 'lora'],
    ['deit-teacher', 'lora'],
  ])('has the files and the names of the base: %s %s', async (model, adapter) => {
    const { files } = await exportModel(request(model, adapter, 'transformers', `hf-${model}-${adapter}`));
    expect(files.map((file) => file.slice(file.lastIndexOf('/') + 1)).toSorted()).toEqual([
      'config.json',
      'model.safetensors',
      'preprocessor_config.json',
    ]);
    const namesIn = (path: string): string[] => {
      const tensors = openSafetensors(join(path, 'model.safetensors'));
      tensors.close();
      return tensors.names().toSorted();
    };
    expect(namesIn(join(folder, `hf-${model}-${adapter}`))).toEqual(namesIn(join(MODELS, model)));
    const opened = await openBase(join(folder, `hf-${model}-${adapter}`));
    const program = await onnxRuntimeCpu.compile(opened.graph);
    const { [LOGITS]: logits } = await program.run({ [PIXELS]: pixelsOf(model) });
    expectClose(logits!.data, logitsOf(model, adapter), TOLERANCE);
    await program.release();
  });

  it('of a bare encoder gets a head, and its prefix with it', async () => {
    const bare = join(folder, 'bare');
    const source = openSafetensors(join(MODELS, 'vit/model.safetensors'));
    const encoder = source.names().filter((name) => name.startsWith('vit.'));
    await writeSafetensors(
      join(bare, 'model.safetensors'),
      new Map(encoder.map((name) => [name.slice('vit.'.length), source.read(name)])),
    );
    source.close();
    const config = JSON.parse(readFileSync(join(MODELS, 'vit/config.json'), 'utf8')) as Record<string, unknown>;
    const { id2label: _, label2id: __, ...unlabelled } = config;
    writeFileSync(join(bare, 'config.json'), JSON.stringify({ ...unlabelled, architectures: ['ViTModel'] }));
    const { files } = await exportModel({ ...request('vit', 'lora', 'transformers', 'hf-bare'), base: bare });
    expect(files).toHaveLength(3);
    const written = JSON.parse(readFileSync(join(folder, 'hf-bare/config.json'), 'utf8')) as Record<string, unknown>;
    expect(written).toMatchObject({ architectures: ['ViTForImageClassification'] });
    expect(Object.keys(written['id2label'] as object)).toHaveLength(CLASSES.length);
    const opened = await openBase(join(folder, 'hf-bare'));
    const program = await onnxRuntimeCpu.compile(opened.graph);
    const { [LOGITS]: logits } = await program.run({ [PIXELS]: pixelsOf('vit') });
    expectClose(logits!.data, logitsOf('vit', 'lora'), TOLERANCE);
    await program.release();
  });

  it('is written of the base that comes with Lowrank', async () => {
    const base = await openBase('sample');
    const job = jobSchema.parse({ data: '.', base: 'sample' });
    const initial = initialise(base, job, CLASSES);
    const adapter = join(folder, 'of-sample');
    await writeAdapter(adapter, toAdapter(initial, initial.values, { base, job, classes: CLASSES }));
    const { files } = await exportModel({
      ...request('vit', 'lora', 'transformers', 'hf-sample'),
      base: 'sample',
      adapter,
    });
    expect(files).toContain(join(folder, 'hf-sample/config.json'));
    expect((await openBase(join(folder, 'hf-sample'))).labels).toEqual(CLASSES);
  });

  it('is refused for a base that is an ONNX file', async () => {
    const { base, ...rest } = request('onnx-vit', 'lora', 'transformers', 'hf-onnx');
    await expect(exportModel({ ...rest, base: join(base, 'script.onnx') })).rejects.toThrow('is an ONNX file');
  });
});
