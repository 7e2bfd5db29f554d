/** The trained tensors of a run: how they start, and how they become an adapter. Everything between belongs to the optimizer. */
import type { Graph } from '../graph/ir.ts';
import { float32, sizeOf } from '../graph/tensor.ts';
import type { Tensor } from '../graph/tensor.ts';
import { frozenTensors } from '../models/frozen.ts';
import type { Base } from '../models/base.ts';
import type { Job } from '../shared/job.ts';
import { Random } from '../shared/random.ts';
import { adapt } from './adapt.ts';
import { classRows } from './class-rows.ts';
import type { Adapted, Parameter } from './adapt.ts';
import { PLAIN_CONFIG } from './adapter.ts';
import type { Adapter, AdapterLayer } from './adapter.ts';
import { fromPissa, initialLayer } from './init.ts';
import type { InitialLayer } from './init.ts';

export type Values = ReadonlyMap<string, Tensor<'float32'>>;

export interface Initialised {
  readonly adapted: Adapted;
  /** The same without dropout: what is evaluated. */
  readonly evaluated: Graph;
  /** By the names of the graph's trainable inputs. */
  readonly values: Values;
  /** Where the layers started: PiSSA's way back needs it. */
  readonly start: ReadonlyMap<string, InitialLayer>;
}

/** Deviation of a new head's weights, that of transformers' `initializer_range`. */
const HEAD_DEVIATION = 0.02;

/** Adapts a base and draws the first values; the same job and seed give the same numbers. */
export function initialise(base: Base, job: Job, classes: readonly string[]): Initialised {
  const { method, lora } = job;
  const random = new Random(job.training.seed).fork('initial');
  const frozen = frozenTensors(base.graph);
  const first = adapt(base, { method, lora, classes });
  const start = new Map(
    first.targets.map((target): [string, InitialLayer] => {
      const { path } = target.module;
      return [path, initialLayer(target, lora, random, () => frozen.get(`${path}.weight`)!)];
    }),
  );
  const residual = new Map<string, Tensor>();
  for (const [path, layer] of start) if (layer.residual !== undefined) residual.set(path, layer.residual);
  const adapted = residual.size === 0 ? first : adapt(base, { method, lora, classes, residual });
  const values = new Map(
    adapted.parameters.map((parameter) => [
      parameter.name,
      initialValue(parameter, adapted, base, frozen, start, classes, random),
    ]),
  );
  const evaluated =
    lora.dropout === 0
      ? adapted.graph
      : adapt(base, { method, lora: { ...lora, dropout: 0 }, classes, residual }).graph;
  return { adapted, evaluated, values, start };
}

function initialValue(
  { name, module, role, shape }: Parameter,
  { newHead }: Adapted,
  base: Base,
  frozen: Values,
  start: ReadonlyMap<string, InitialLayer>,
  classes: readonly string[],
  random: Random,
): Tensor<'float32'> {
  if (role !== 'whole') {
    const { A, B, magnitude } = start.get(module)!.layer;
    // Copied: the optimizer writes in place, and PiSSA's way back needs the start as it was.
    return copy({ A, B, magnitude: magnitude! }[role]);
  }
  if (!newHead || !base.heads.includes(module)) return copy(frozen.get(name)!);
  const drawn = random.fork(name);
  if (base.detection !== undefined) return classRows(frozen.get(name)!, { before: base.labels, after: classes }, drawn);
  const isBias = shape.length === 1;
  return float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => (isBias ? 0 : drawn.normal() * HEAD_DEVIATION)),
  );
}

const copy = ({ shape, data }: Tensor<'float32'>): Tensor<'float32'> => float32(shape, data.slice());

export interface AdapterOf {
  readonly base: Base;
  readonly job: Job;
  readonly classes: readonly string[];
}

/** The adapter that these values are, relative to the base as published. */
export function toAdapter({ adapted, start }: Initialised, values: Values, { base, job, classes }: AdapterOf): Adapter {
  const { lora } = job;
  const layers = new Map<string, AdapterLayer>();
  for (const { module, rank, alpha, scale } of adapted.targets) {
    const part = (role: Parameter['role']): Tensor<'float32'> | undefined => {
      const parameter = adapted.parameters.find(
        (candidate) => candidate.module === module.path && candidate.role === role,
      );
      return parameter && values.get(parameter.name);
    };
    const magnitude = part('magnitude');
    const layer: AdapterLayer = {
      kind: module.kind,
      A: part('A')!,
      B: part('B')!,
      rank,
      alpha,
      scale,
      ...(magnitude === undefined ? {} : { magnitude }),
    };
    const initial = start.get(module.path)!;
    layers.set(module.path, initial.residual === undefined ? layer : fromPissa(layer, initial.layer, lora.useRslora));
  }
  const whole = adapted.parameters.filter(({ role }) => role === 'whole');
  return {
    config: {
      ...PLAIN_CONFIG,
      useRslora: lora.useRslora,
      useDora: lora.useDora,
      dropout: lora.dropout,
      modulesToSave: [...new Set(whole.map(({ module }) => module))],
    },
    layers,
    saved: new Map(whole.map(({ name }) => [name, values.get(name)!])),
    ...originOf(base, classes, adapted.newHead),
    dtype: 'float32',
    warnings: [],
  };
}

/** What an adapter says of where it comes from. */
export function originOf(
  { identity: { source, revision, sha256, fusedBatchNorm }, family, preprocessing }: Base,
  classes: readonly string[],
  newHead: boolean,
): Pick<Adapter, 'base' | 'task'> {
  return {
    base: {
      name: source,
      sha256,
      fusedBatchNorm,
      architecture: family,
      ...(revision === undefined ? {} : { revision }),
    },
    task: { classNames: classes, preprocessing, newHead },
  };
}
