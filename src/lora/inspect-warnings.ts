/** Traps that adapters are known to fall into, each told in one line. */
import type { LayerReport } from '../shared/adapter-report.ts';
import { type Adapter, residualInitOf } from './adapter.ts';
import type { InspectBase } from './inspect-base.ts';

/** Task types for which PEFT makes a new head, at random where none was saved. */
const NEW_HEAD_TASKS = ['SEQ_CLS', 'TOKEN_CLS', 'QUESTION_ANS'];

export function faultsOf(adapter: Adapter, layers: readonly LayerReport[], base?: InspectBase): string[] {
  return [
    notFinite(layers),
    untrained(layers),
    residual(adapter),
    missingHead(adapter),
    oversized(layers),
    strangers(layers, base),
  ].filter((fault) => fault !== undefined);
}

function notFinite(layers: readonly LayerReport[]): string | undefined {
  const broken = layers.filter(({ effectiveRank }) => effectiveRank === null);
  return broken.length === 0 ? undefined : `NaN or infinite values in ${some(broken)}: training diverged`;
}

function untrained(layers: readonly LayerReport[]): string | undefined {
  const zero = layers.filter(({ effectiveRank }) => effectiveRank === 0);
  if (zero.length === 0) return undefined;
  if (zero.length === layers.length) return 'B·A is zero in every layer: the adapter was never trained';
  return `B·A is zero in ${some(zero)}: never trained there`;
}

function residual({ config }: Adapter): string | undefined {
  const init = residualInitOf(config);
  if (init === undefined) return undefined;
  return `started by ${init}, which changes the base: this adapter does not fit the base as published`;
}

function missingHead({ task, config, saved }: Adapter): string | undefined {
  if (saved.size > 0) return undefined;
  if (task?.newHead === true) return 'trained with a new head, which was not saved: it cannot tell its classes';
  if (config.taskType !== undefined && NEW_HEAD_TASKS.includes(config.taskType)) {
    return `for ${config.taskType}, but no head was saved: unless the base has the right one it starts at random`;
  }
  return undefined;
}

function oversized(layers: readonly LayerReport[]): string | undefined {
  const large = layers.filter(({ share }) => share > 1);
  return large.length === 0
    ? undefined
    : `more parameters than the layer itself in ${some(large)}: lower the rank there`;
}

function strangers(layers: readonly LayerReport[], base: InspectBase | undefined): string | undefined {
  if (base === undefined) return undefined;
  const unknown = layers.filter(({ module }) => base.weight(module) === undefined);
  return unknown.length === 0 ? undefined : `this base has no ${some(unknown)}: the adapter is for another one`;
}

function some(layers: readonly LayerReport[]): string {
  const [first, ...rest] = layers;
  return rest.length === 0 ? first!.module : `${first!.module} and ${rest.length} more`;
}
