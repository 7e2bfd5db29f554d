/**
 * One base, many adapters, switched at run time: `name.onnx_adapter` with the adapter's tensors, `name.json` with its classes, and beside
 * them `base.onnx`, whose adapter is fed and which is the base alone without one. A folder takes any number of adapters of its base.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import type { Program } from '../engines/engine.ts';
import { loadOnnx } from '../engines/onnxruntime.ts';
import { writeFileAtomic } from '../formats/atomic-write.ts';
import { readWhole } from '../formats/file-read.ts';
import { parseJson } from '../formats/json.ts';
import { readOnnxFile } from '../formats/onnx-file.ts';
import { encodeModel } from '../formats/onnx-proto.ts';
import type { DecodedModel } from '../formats/onnx-proto.ts';
import { tensorToProto } from '../formats/onnx-tensor.ts';
import type { Tensor } from '../graph/tensor.ts';
import { writeRecord } from '../lora/record.ts';
import { InputError } from '../shared/errors.ts';
import type { ExportFormat, ExportPlace, ExportSite } from './format.ts';
import { adapterValues, withLoraInputs } from './lora-inputs.ts';
import { writePlainOnnx } from './merged-onnx.ts';
import { BASE_KEY, baseMetadata } from './metadata.ts';
import { decodeOnnxAdapter, encodeOnnxAdapter } from './onnx-adapter-file.ts';

const ENDING = '.onnx_adapter';
const BASE_FILE = 'base.onnx';
/** Protobuf's limit, and that of a FlatBuffer. */
const MAX_BYTES = 2 ** 31 - 1;

export const onnxAdapter: ExportFormat = {
  name: 'onnx-adapter',
  title: 'ONNX base with switchable adapters',
  output: ENDING,
  calibrates: false,
  // Base and adapter are computed as the reference does it, in other operators.
  limits: { difference: 1e-4, tie: 1e-4, agreement: 1 },
  async write(site, { staged, out }) {
    const existing = join(dirname(resolve(out)), BASE_FILE);
    const baseFile = existsSync(existing) ? existing : join(dirname(staged), BASE_FILE);
    if (baseFile !== existing) await writeBase(site, baseFile);
    const model = readOnnxFile(baseFile);
    checkIdentity(model, site, existing);
    const parameters = adapterValues(site.base, site.adapter);
    checkInputs(parameters, model, existing);
    await writeFileAtomic(staged, encodeOnnxAdapter({ parameters, modelVersion: modelVersionOf(site) }));
    await writeFileAtomic(staged.replace(/(\.onnx_adapter)?$/, '.json'), record(site));
  },
  open: openWithAdapter,
};

async function writeBase({ base, adapter }: ExportSite, file: string): Promise<void> {
  const { graph, defaults } = withLoraInputs(base, adapter);
  await writePlainOnnx(file, graph, {
    metadata: baseMetadata(base),
    // An input with an initializer is optional: what is not fed takes the initializer's value.
    adjust: (model) => ({
      ...model,
      graph: {
        ...model.graph,
        initializer: [
          ...(model.graph?.initializer ?? []),
          ...[...defaults].map(([name, tensor]) => tensorToProto(name, tensor)),
        ],
      },
    }),
  });
}

const identitySchema = z.looseObject({ sha256: z.string() });

/** Throws InputError for a base.onnx of another base, or of another origin. */
function checkIdentity({ metadataProps }: DecodedModel, { base }: ExportSite, file: string): void {
  const text = metadataProps.find(({ key }) => key === BASE_KEY)?.value;
  if (text === undefined)
    throw new InputError('was not written by Lowrank; name a folder that holds no other base', { file });
  const { sha256 } = parseJson(text, `${file}: ${BASE_KEY}`, identitySchema);
  if (sha256 === base.identity.sha256) return;
  throw new InputError(`belongs to another base than the adapter's (${base.name}); name another folder`, { file });
}

/** Throws InputError for a tensor that the base has no input for. */
function checkInputs(values: ReadonlyMap<string, Tensor>, { graph }: DecodedModel, file: string): void {
  const inputs = new Map(graph.input.map(({ name, type }) => [name, type?.tensorType?.shape?.dim ?? []]));
  for (const [name, { shape }] of values) {
    const dims = inputs.get(name);
    // A symbolic dimension, a rank or the number of classes, takes any length.
    const fits =
      dims?.length === shape.length &&
      dims.every(({ dimValue }, axis) => dimValue === undefined || dimValue === shape[axis]);
    if (!fits)
      throw new InputError(
        `has no input ${name} of this shape: it was made for an adapter of other layers; name a new folder`,
        { file },
      );
  }
}

/** The first 31 bits of the base's sha256: what other programs can compare without reading JSON. */
function modelVersionOf({ base }: ExportSite): number {
  return Number.parseInt(base.identity.sha256.slice(0, 8), 16) >>> 1;
}

/** What the tensors cannot tell: the base, the classes, the preprocessing, in the words of an adapter's `lowrank.json`. */
function record({ base, adapter, merged, adapterHash }: ExportSite): string {
  const { source, revision, sha256, fusedBatchNorm } = base.identity;
  const identity = { name: source, sha256, fusedBatchNorm, ...(revision === undefined ? {} : { revision }) };
  const task = { ...adapter.task, classNames: merged.labels ?? [], preprocessing: merged.preprocessing };
  const known = JSON.parse(writeRecord({ base: { ...adapter.base, ...identity }, task })) as object;
  return `${JSON.stringify({ ...known, model: BASE_FILE, adapter: { sha256: adapterHash } }, null, 2)}\n`;
}

/**
 * The base with the adapter read back from its file. onnxruntime-node neither activates adapters nor feeds optional inputs, so the
 * defaults of what the adapter brings are taken out of the model, and it is fed.
 */
async function openWithAdapter({ threads }: ExportSite, { staged, out }: ExportPlace): Promise<Program> {
  const { parameters } = decodeOnnxAdapter(readWhole(staged, MAX_BYTES), basename(out));
  const own = join(dirname(staged), BASE_FILE);
  const model = readOnnxFile(existsSync(own) ? own : join(dirname(resolve(out)), BASE_FILE));
  const initializer = model.graph.initializer.filter(({ name = '' }) => !parameters.has(name));
  const program = await loadOnnx(encodeModel({ ...model, graph: { ...model.graph, initializer } }), { threads });
  return {
    run: (feeds, into) => program.run({ ...feeds, ...Object.fromEntries(parameters) }, into),
    release: () => program.release(),
  };
}
