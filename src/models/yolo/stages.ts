/** The cross-stage partial blocks of YOLOv5 to YOLO26: part of the channels goes through bottlenecks, all are mixed at the end. */
import { add, concat, split } from '../../graph/build.ts';
import type { Value } from '../../graph/ir.ts';
import { known } from '../../graph/shape.ts';
import type { Block, Builder } from './builder.ts';
import type { TorchModule } from './module.ts';

const MAX_REPEATS = { min: 1, max: 16 };
/** Of the pooling pyramid before it could be told. */
const POOLINGS = 3;

const bottleneck: Block = (builder, module, x) => {
  const inner = builder.run(module.child('cv2'), builder.run(module.child('cv1'), x));
  return module.flag('add') ? add(x, inner) : inner;
};

/** What was there, and each further module of the last of it. */
export function chained(builder: Builder, modules: readonly TorchModule[], start: readonly Value[]): Value[] {
  const values = [...start];
  for (const module of modules) values.push(builder.run(module, values.at(-1)!));
  return values;
}

export function halves(module: TorchModule, x: Value): readonly [Value, Value] {
  const channels = known(x.shape[1], 'the channels');
  if (channels % 2 !== 0) module.fail(`its ${channels} channels do not split into halves`);
  const [first, second] = split(x, 1, [channels / 2, channels / 2]);
  return [first!, second!];
}

/** C2f (YOLOv8) and C3k2 (YOLO11, 12, 26): every intermediate result is kept. */
const dense: Block = (builder, module, x) => {
  const start = halves(module, builder.run(module.child('cv1'), x));
  return builder.run(module.child('cv2'), concat(chained(builder, module.child('m').children(), start), 1));
};

/** C3 and C3k: one branch of bottlenecks, one without. */
const partial: Block = (builder, module, x) => {
  const deep = builder.run(module.child('m'), builder.run(module.child('cv1'), x));
  return builder.run(module.child('cv3'), concat([deep, builder.run(module.child('cv2'), x)], 1));
};

/** Spatial pyramid pooling: the same pooling one after the other. */
const pyramid: Block = (builder, module, x) => {
  const pool = module.child('m');
  const repeats = module.count('n', MAX_REPEATS, POOLINGS);
  const levels = chained(
    builder,
    Array.from({ length: repeats }, () => pool),
    [builder.run(module.child('cv1'), x)],
  );
  const mixed = builder.run(module.child('cv2'), concat(levels, 1));
  return module.flag('add') ? add(mixed, x) : mixed;
};

export const STAGES: Readonly<Record<string, Block>> = {
  Bottleneck: bottleneck,
  C2f: dense,
  C3k2: dense,
  C3: partial,
  C3k: partial,
  SPPF: pyramid,
};
