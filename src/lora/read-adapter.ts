/** Reads a PEFT LoRA directory, written here or by PEFT 0.10 to 0.21. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseJson, readJson } from '../formats/json.ts';
import { asFloat32, openSafetensors, type SafetensorsFile } from '../formats/safetensors.ts';
import type { Tensor } from '../graph/tensor.ts';
import { scaleOf } from '../shared/adaptable-module.ts';
import type { AdapterDType } from '../shared/adapter-report.ts';
import type { Part } from '../shared/adapter-tensors.ts';
import { InputError } from '../shared/errors.ts';
import type { Adapter, AdapterConfig, AdapterLayer } from './adapter.ts';
import { baseOf, configOf, type PeftConfig, peftConfigSchema, ranksAndAlphas } from './peft-config.ts';
import { parseKey } from './peft-keys.ts';
import { identityOf, recordSchema, taskOf } from './record.ts';

export const CONFIG_FILE = 'adapter_config.json';
export const WEIGHTS_FILE = 'adapter_model.safetensors';
export const RECORD_FILE = 'lowrank.json';

export interface ReadAdapterOptions {
  /** Take PEFT's default where the file has no alpha, with a warning: for looking at an adapter, not for using it. */
  readonly assumeAlpha?: boolean;
}

/** The keys of one layer's tensors, as the file names them. */
type LayerKeys = Partial<Record<Part, string>> & { embedding: boolean };

/**
 * Reads the adapter in `directory`, all of it. Throws an `InputError` naming file and field for what is damaged, contradicts
 * itself or cannot be computed here.
 */
export function readAdapter(directory: string, { assumeAlpha = false }: ReadAdapterOptions = {}): Adapter {
  const configFile = join(directory, CONFIG_FILE);
  const peft = readJson(configFile, peftConfigSchema);
  const warnings: string[] = [];
  checkAlpha(peft, configFile, assumeAlpha, warnings);
  const weights = openWeightsOf(directory);
  try {
    const file = join(directory, WEIGHTS_FILE);
    const { layerKeys, savedKeys } = sortKeys(weights, file);
    const config = configOf(peft);
    const rankAndAlpha = ranksAndAlphas(peft);
    const layers = new Map<string, AdapterLayer>();
    for (const [module, keys] of layerKeys) {
      layers.set(module, readLayer(weights, file, module, keys, config, rankAndAlpha(module)));
    }
    if (!config.useDora && [...layerKeys.values()].some(({ magnitude }) => magnitude !== undefined)) {
      warnings.push('holds DoRA magnitudes, but use_dora is false: PEFT ignores them, and so they are here');
    }
    const saved = new Map([...savedKeys].map(([name, key]) => [name, readSaved(weights, key)]));
    if (layers.size === 0 && saved.size === 0) throw new InputError('holds neither LoRA nor saved modules', { file });
    for (const path of config.modulesToSave) {
      if (![...saved.keys()].some((name) => isPartOf(name, path))) {
        warnings.push(`modules_to_save names ${path}, but no tensor of it was saved`);
      }
    }
    const record = readRecord(directory, weights);
    const task = record && taskOf(record);
    return {
      config,
      layers,
      saved,
      base: { ...baseOf(peft), ...(record && identityOf(record)) },
      ...(task !== undefined && { task }),
      dtype: dtypeOf(weights),
      warnings,
    };
  } finally {
    weights.close();
  }
}

function checkAlpha(peft: PeftConfig, file: string, assume: boolean, warnings: string[]): void {
  if (typeof peft.lora_alpha === 'number') return;
  if (!assume) {
    throw new InputError('is missing, so the scale of the adapter is unknown; add it (PEFT would silently take 8)', {
      file,
      field: 'lora_alpha',
    });
  }
  warnings.push("lora_alpha is missing: the scale is told with PEFT's default of 8");
}

function openWeightsOf(directory: string): SafetensorsFile {
  const pickled = join(directory, 'adapter_model.bin');
  if (!existsSync(join(directory, WEIGHTS_FILE)) && existsSync(pickled)) {
    throw new InputError('is a pickle, which can run any code; save the adapter as safetensors in PEFT', {
      file: pickled,
    });
  }
  return openSafetensors(join(directory, WEIGHTS_FILE));
}

function sortKeys(
  weights: SafetensorsFile,
  file: string,
): { layerKeys: Map<string, LayerKeys>; savedKeys: Map<string, string> } {
  const layerKeys = new Map<string, LayerKeys>();
  const savedKeys = new Map<string, string>();
  for (const key of weights.names()) {
    const parsed = parseKey(key);
    switch (parsed.kind) {
      case 'layer': {
        const keys = layerKeys.get(parsed.module) ?? { embedding: false };
        if (keys[parsed.part] !== undefined) throw twice(file, key);
        layerKeys.set(parsed.module, { ...keys, [parsed.part]: key, embedding: keys.embedding || parsed.embedding });
        break;
      }
      case 'saved':
        if (savedKeys.has(parsed.name)) throw twice(file, key);
        savedKeys.set(parsed.name, key);
        break;
      case 'original':
        break;
      case 'unknown':
        throw new InputError('a kind of adapter tensor that is not supported', { file, field: key });
    }
  }
  return { layerKeys, savedKeys };
}

function twice(file: string, field: string): InputError {
  return new InputError('holds this tensor twice; are these two adapters in one file?', { file, field });
}

function readLayer(
  weights: SafetensorsFile,
  file: string,
  module: string,
  keys: LayerKeys,
  config: AdapterConfig,
  expected: { rank: number; alpha: number },
): AdapterLayer {
  const read = (part: Part): Tensor<'float32'> => {
    const key = keys[part];
    if (key === undefined) throw new InputError(`has no ${partName(part)} for ${module}`, { file });
    return asFloat32(weights.read(key));
  };
  const A = read('A');
  const B = read('B');
  const kind = keys.embedding ? 'embedding' : A.shape.length === 4 ? 'conv2d' : 'linear';
  const fault = faultOfShapes(kind, A.shape, B.shape);
  if (fault !== undefined) throw new InputError(`${fault} in ${module}`, { file });
  const rank = A.shape[0]!;
  if (rank !== expected.rank) {
    throw new InputError(`A of ${module} has rank ${rank}, ${CONFIG_FILE} says ${expected.rank}`, { file });
  }
  const layer = {
    kind,
    A,
    B,
    rank,
    alpha: expected.alpha,
    scale: scaleOf(rank, expected.alpha, config.useRslora),
  } as const;
  if (!config.useDora) return layer;
  const magnitude = read('magnitude');
  if (magnitude.data.length !== B.shape[0]) {
    throw new InputError(`the magnitude of ${module} has ${magnitude.data.length} elements, B ${B.shape[0]!} rows`, {
      file,
    });
  }
  return { ...layer, magnitude };
}

function faultOfShapes(kind: AdapterLayer['kind'], a: readonly number[], b: readonly number[]): string | undefined {
  const shapes = `A [${a.join(', ')}] and B [${b.join(', ')}]`;
  const dimensions = kind === 'conv2d' ? 4 : 2;
  if (a.length !== dimensions || b.length !== dimensions)
    return `${shapes} are of no linear, 2-D convolution or embedding layer`;
  if ([...a, ...b].includes(0)) return `${shapes} are empty`;
  const [rank, share] = [a[0]!, b[1]!];
  const fits =
    kind === 'conv2d' ? rank % share === 0 && b[0]! % (rank / share) === 0 && b[2] === 1 && b[3] === 1 : rank === share;
  return fits ? undefined : `${shapes} do not fit together`;
}

function partName(part: Part): string {
  return part === 'magnitude' ? 'lora_magnitude_vector' : `lora_${part}`;
}

function readSaved(weights: SafetensorsFile, key: string): Tensor {
  const tensor = weights.read(key);
  return tensor.dtype === 'float16' ? asFloat32(tensor) : tensor;
}

/** Of the first float tensor: PEFT writes all alike. */
function dtypeOf(weights: SafetensorsFile): AdapterDType {
  for (const name of weights.names()) {
    const { dtype } = weights.info(name);
    if (dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16') return dtype;
  }
  return 'float32';
}

function readRecord(directory: string, weights: SafetensorsFile): ReturnType<typeof recordSchema.parse> | undefined {
  const inside = weights.metadata['lowrank'];
  if (inside !== undefined) return parseJson(inside, join(directory, WEIGHTS_FILE), recordSchema);
  const beside = join(directory, RECORD_FILE);
  return existsSync(beside) ? readJson(beside, recordSchema) : undefined;
}

function isPartOf(tensor: string, module: string): boolean {
  return tensor.startsWith(`${module}.`) || tensor.includes(`.${module}.`);
}
