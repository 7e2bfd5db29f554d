/** A LoRA adapter in memory: what a PEFT directory holds, with every layer's own rank, alpha and scale worked out. */
import type { Tensor } from '../graph/tensor.ts';
import type { AdaptableModule } from '../shared/adaptable-module.ts';
import type { AdapterDType } from '../shared/adapter-report.ts';
import { InputError } from '../shared/errors.ts';
import type { Preprocessing } from '../shared/preprocessing.ts';

/** ΔW = scale·B·A; an embedding's weight is the transpose of what B·A is. */
export interface AdapterLayer {
  readonly kind: AdaptableModule['kind'];
  /** linear (r, in), conv2d (r, in, height, width), embedding (r, number). */
  readonly A: Tensor<'float32'>;
  /** linear (out, r), conv2d (out, r / groups, 1, 1), embedding (dimension, r). */
  readonly B: Tensor<'float32'>;
  /** DoRA: the norm of each output row, (out) or (1, out, 1, 1). */
  readonly magnitude?: Tensor<'float32'>;
  readonly rank: number;
  readonly alpha: number;
  readonly scale: number;
}

/** What `adapter_config.json` says beside the layers; rank, alpha and their patterns are told by the layers themselves. */
export interface AdapterConfig {
  readonly useRslora: boolean;
  readonly useDora: boolean;
  readonly dropout: number;
  /** PEFT's `init_lora_weights`; what starts with `pissa` and the like is relative to a changed base, see `ownBaseOf`. */
  readonly init: string;
  /** Paths of modules trained whole. */
  readonly modulesToSave: readonly string[];
  /** Which biases of the base were trained with it. */
  readonly bias: 'none' | 'all' | 'lora_only';
  /** The base keeps its linear weights as (in, out), as GPT-2 does. */
  readonly fanInFanOut: boolean;
  readonly taskType?: string;
  /** The class that Python's `AutoPeftModel` loads the base with. */
  readonly autoMapping?: { readonly baseModelClass: string; readonly parentLibrary: string };
}

/** Which base an adapter belongs to; what is unknown is left out. */
export interface BaseIdentity {
  /** Hub name or path. */
  readonly name?: string;
  readonly revision?: string;
  /** Of the weights. */
  readonly sha256?: string;
  /** BatchNorm was already folded into the convolutions (as in most ONNX exports) when the adapter was trained. */
  readonly fusedBatchNorm?: boolean;
  /** Class or family, for instance `ViTForImageClassification`. */
  readonly architecture?: string;
}

/** What the adapter was trained to tell, and from what input. */
export interface AdapterTask {
  readonly classNames: readonly string[];
  readonly preprocessing?: Preprocessing;
  /** The base's own head does not fit the classes: without a saved head the adapter is useless. */
  readonly newHead?: boolean;
}

export interface Adapter {
  readonly config: AdapterConfig;
  /** By module path. */
  readonly layers: ReadonlyMap<string, AdapterLayer>;
  /** Tensors of modules trained whole, by their name in the base: `classifier.weight`. */
  readonly saved: ReadonlyMap<string, Tensor>;
  readonly base: BaseIdentity;
  readonly task?: AdapterTask;
  /** As stored in the file; in memory all is float32. */
  readonly dtype: AdapterDType;
  /** What was odd in the file and yet had one meaning. */
  readonly warnings: readonly string[];
}

/** PEFT's defaults for what only some adapters have. */
export const PLAIN_CONFIG: AdapterConfig = {
  useRslora: false,
  useDora: false,
  dropout: 0,
  init: 'true',
  modulesToSave: [],
  bias: 'none',
  fanInFanOut: false,
};

/** These take a part out of the base when they start, so that their A and B only fit the base that is left. */
const RESIDUAL_INITS = ['pissa', 'olora', 'corda', 'lora_ga', 'loftq'];

/** The initialization that changed the base under this adapter, if one did. */
export function residualInitOf({ init }: AdapterConfig): string | undefined {
  return RESIDUAL_INITS.find((name) => init.startsWith(name));
}

/** Throws an `InputError` for an adapter whose A and B are not an update of the base as published. */
export function refuseResidual(adapter: Adapter, what: string): void {
  const init = residualInitOf(adapter.config);
  if (init === undefined) return;
  throw new InputError(
    `the adapter belongs to a base changed by ${init}, so it cannot be ${what}; ` +
      'convert it in PEFT with save_pretrained(path_initial_model_for_weight_conversion=…)',
    { field: 'init_lora_weights' },
  );
}

/** Throws an `InputError` if the adapter was trained on other weights than these; what either side does not know is not compared. */
export function checkBase({ base: trainedOn }: Adapter, base: BaseIdentity, file?: string): void {
  const place = file === undefined ? {} : { file };
  const name = trainedOn.name === undefined ? '' : ` (${trainedOn.name})`;
  if (differ(trainedOn.fusedBatchNorm, base.fusedBatchNorm)) {
    const [had, has] = trainedOn.fusedBatchNorm === true ? ['fused', 'separate'] : ['separate', 'fused'];
    throw new InputError(
      `the adapter was trained on a base${name} with ${had} BatchNorm, in this one it is ${has}`,
      place,
    );
  }
  if (differ(trainedOn.sha256, base.sha256)) {
    throw new InputError(
      `the adapter was trained on other weights${name}: sha256 ${short(trainedOn.sha256)}, this base has ${short(base.sha256)}`,
      place,
    );
  }
}

/** The adapter with its modules called otherwise, for instance by the names of transformers 5; undefined keeps a name. */
export function renamed(adapter: Adapter, rename: (path: string) => string | undefined): Adapter {
  const tensorName = (name: string): string => {
    const dot = name.lastIndexOf('.');
    return `${rename(name.slice(0, dot)) ?? name.slice(0, dot)}${name.slice(dot)}`;
  };
  return {
    ...adapter,
    config: { ...adapter.config, modulesToSave: adapter.config.modulesToSave.map((path) => rename(path) ?? path) },
    layers: new Map([...adapter.layers].map(([path, layer]) => [rename(path) ?? path, layer])),
    saved: new Map([...adapter.saved].map(([name, tensor]) => [tensorName(name), tensor])),
  };
}

function differ<T>(a: T | undefined, b: T | undefined): boolean {
  return a !== undefined && b !== undefined && a !== b;
}

function short(sha256: string | undefined): string {
  return `${(sha256 ?? '').slice(0, 12)}…`;
}
