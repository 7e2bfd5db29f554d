/**
 * `adapter_config.json`, as peft 0.10 to 0.21 write it. Fields that only later versions know are ignored, as PEFT does;
 * fields that change what the adapter computes, and that are not understood here, are refused.
 */
import * as z from 'zod';
import { matchesName, patternOfPaths, patternValues } from '../shared/module-pattern.ts';
import { type Adapter, type AdapterConfig, type BaseIdentity, refuseResidual } from './adapter.ts';

/** PEFT takes these silently where the file does not say. */
const PEFT_RANK = 8;
const PEFT_ALPHA = 8;
/** PEFT's own word for an adapter that only saves modules: any other name that is not found is an error there. */
const NO_TARGETS = 'dummy-target-modules';

const names = z.union([z.string(), z.array(z.string())]).nullish();

export const peftConfigSchema = z
  .looseObject({
    peft_type: z.literal('LORA', {
      error: ({ input }) =>
        `${input === undefined ? 'is missing' : `is ${JSON.stringify(input)}`}; only LORA is supported`,
    }),
    r: z.int().min(1).optional(),
    lora_alpha: z.number().positive().nullish(),
    rank_pattern: z.record(z.string(), z.int().min(1)).nullish(),
    alpha_pattern: z.record(z.string(), z.number().positive()).nullish(),
    target_modules: names,
    modules_to_save: z.array(z.string()).nullish(),
    use_rslora: z.boolean().default(false),
    use_dora: z.boolean().default(false),
    lora_dropout: z.number().min(0).max(1).default(0),
    init_lora_weights: z.union([z.boolean(), z.string()]).default(true),
    bias: z.enum(['none', 'all', 'lora_only']).default('none'),
    fan_in_fan_out: z.boolean().default(false),
    task_type: z.string().nullish(),
    auto_mapping: z
      .looseObject({ base_model_class: z.string().nullish(), parent_library: z.string().nullish() })
      .nullish(),
    base_model_name_or_path: z.string().nullish(),
    revision: z.string().nullish(),
  })
  .superRefine((config, context) => {
    for (const field of Object.keys(CHANGES_FORWARD)) {
      if (!isOff(config[field])) {
        context.addIssue({ code: 'custom', path: [field], message: `${CHANGES_FORWARD[field]!} is not supported` });
      }
    }
  });

export type PeftConfig = z.infer<typeof peftConfigSchema>;

/** What PEFT would compute otherwise because of a field. */
const CHANGES_FORWARD: Readonly<Record<string, string>> = {
  lora_bias: 'a bias of B',
  use_qalora: 'QALoRA',
  use_bdlora: 'block-diagonal LoRA',
  layer_replication: 'replication of layers',
  trainable_token_indices: 'training of single tokens',
  target_parameters: 'LoRA on bare parameters',
  alora_invocation_tokens: 'activated LoRA',
  arrow_config: 'Arrow routing',
  kasa_config: 'KaSA',
  monteclora_config: 'MonteCLoRA',
};

function isOff(value: unknown): boolean {
  return value === undefined || value === null || value === false || (Array.isArray(value) && value.length === 0);
}

export function configOf(peft: PeftConfig): AdapterConfig {
  const { base_model_class: baseModelClass, parent_library: parentLibrary } = peft.auto_mapping ?? {};
  return {
    useRslora: peft.use_rslora,
    useDora: peft.use_dora,
    dropout: peft.lora_dropout,
    init: String(peft.init_lora_weights).toLowerCase(),
    modulesToSave: peft.modules_to_save ?? [],
    bias: peft.bias,
    fanInFanOut: peft.fan_in_fan_out,
    ...(typeof peft.task_type === 'string' && { taskType: peft.task_type }),
    ...(typeof baseModelClass === 'string' &&
      typeof parentLibrary === 'string' && { autoMapping: { baseModelClass, parentLibrary } }),
  };
}

export function baseOf(peft: PeftConfig): BaseIdentity {
  return {
    ...(typeof peft.base_model_name_or_path === 'string' && { name: peft.base_model_name_or_path }),
    ...(typeof peft.revision === 'string' && { revision: peft.revision }),
  };
}

/** Rank and alpha of each module by PEFT's rule: the first pattern that matches, else the general one. */
export function ranksAndAlphas(peft: PeftConfig): (module: string) => { rank: number; alpha: number } {
  const rankOf = patternValues(peft.rank_pattern ?? {}, 'rank_pattern');
  const alphaOf = patternValues(peft.alpha_pattern ?? {}, 'alpha_pattern');
  return (module) => ({
    rank: rankOf(module)?.value ?? peft.r ?? PEFT_RANK,
    alpha: alphaOf(module)?.value ?? peft.lora_alpha ?? PEFT_ALPHA,
  });
}

/**
 * The configuration with which PEFT puts exactly these layers into the base. `modules` are the paths of all modules of the
 * base, as far as they are known: PEFT takes a listed path for every module whose own path ends with it.
 */
export function peftConfigOf(adapter: Adapter, modules: readonly string[] = []): Record<string, unknown> {
  const { config, base, layers } = adapter;
  refuseResidual(adapter, 'written for the base as published');
  const ranks = new Map([...layers].map(([path, { rank }]) => [path, rank]));
  const alphas = new Map([...layers].map(([path, { alpha }]) => [path, alpha]));
  const rank = mostCommon(ranks.values()) ?? PEFT_RANK;
  const alpha = mostCommon(alphas.values()) ?? PEFT_ALPHA;
  const { autoMapping } = config;
  // Nothing newer than peft 0.10: older versions refuse fields they do not know.
  return {
    alpha_pattern: exceptions(alphas, alpha),
    auto_mapping:
      autoMapping === undefined
        ? null
        : { base_model_class: autoMapping.baseModelClass, parent_library: autoMapping.parentLibrary },
    base_model_name_or_path: base.name ?? null,
    bias: config.bias,
    fan_in_fan_out: config.fanInFanOut,
    inference_mode: true,
    // Any other word would start PEFT's own initialization over the base before the tensors are loaded.
    init_lora_weights: true,
    layers_pattern: null,
    layers_to_transform: null,
    lora_alpha: alpha,
    lora_dropout: config.dropout,
    modules_to_save: config.modulesToSave.length > 0 ? config.modulesToSave : null,
    peft_type: 'LORA',
    r: rank,
    rank_pattern: exceptions(ranks, rank),
    revision: base.revision ?? null,
    target_modules: targetModulesOf([...layers.keys()], modules),
    task_type: config.taskType ?? null,
    use_dora: config.useDora,
    use_rslora: config.useRslora,
  };
}

/** Full paths as a list, or as a pattern where the list would reach further modules. */
function targetModulesOf(adapted: readonly string[], modules: readonly string[]): string | readonly string[] {
  if (adapted.length === 0) return NO_TARGETS;
  const others = modules.filter((path) => !adapted.includes(path));
  const reachesFurther = others.some((other) => adapted.some((path) => matchesName(other, path)));
  return reachesFurther ? patternOfPaths(adapted) : adapted;
}

/** The values that differ from the general one, by path; anchored where PEFT would give them to another layer as well. */
function exceptions(values: ReadonlyMap<string, number>, general: number): Record<string, number> {
  const paths = [...values.keys()];
  return Object.fromEntries(
    [...values]
      .filter(([, value]) => value !== general)
      .map(([path, value]) => {
        const isEnd = paths.some((other) => other !== path && matchesName(other, path));
        return [isEnd ? `^${patternOfPaths([path])}` : path, value];
      }),
  );
}

function mostCommon(values: Iterable<number>): number | undefined {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].reduce<[number, number] | undefined>(
    (best, entry) => (best && best[1] >= entry[1] ? best : entry),
    undefined,
  )?.[0];
}
