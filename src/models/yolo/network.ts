/** The layers of a detector: each reads the one before it, or earlier ones by number; the last is the head. */
import { concat } from '../../graph/build.ts';
import type { Value } from '../../graph/ir.ts';
import { PickleSequence } from '../../formats/pickle-values.ts';
import { ATTENTION } from './attention.ts';
import type { Block, Builder } from './builder.ts';
import { LAYERS } from './convolution.ts';
import type { TorchModule } from './module.ts';
import { STAGES } from './stages.ts';

export const BLOCKS: ReadonlyMap<string, Block> = new Map(Object.entries({ ...LAYERS, ...STAGES, ...ATTENTION }));

const HEAD = 'Detect';

export interface Features {
  readonly head: TorchModule;
  /** What the head reads, the finest level first. */
  readonly levels: readonly Value[];
}

/** Writes everything below the head. Throws an `InputError` for a layer that is not known. */
export function buildFeatures(builder: Builder, layers: TorchModule, pixels: Value): Features {
  const values: Value[] = [];
  for (const layer of layers.children()) {
    const inputs = sourcesOf(layer, values.length).map((index) => (index < 0 ? pixels : values[index]!));
    if (layer.type === HEAD) return { head: layer, levels: inputs };
    values.push(layer.type === 'Concat' ? joined(layer, inputs) : builder.run(layer, single(layer, inputs)));
  }
  return layers.fail(`has no ${HEAD} layer, so it is no detector`);
}

/** Numbers of the layers it reads; −1 for the image, which is before the first. */
function sourcesOf(layer: TorchModule, index: number): number[] {
  const from = layer.setting('f');
  return (from instanceof PickleSequence ? from.items : [from]).map((item) => {
    const source = typeof item === 'number' && item < 0 ? index + item : item;
    if (typeof source === 'number' && Number.isInteger(source) && source >= -1 && source < index) return source;
    return layer.fail('reads a layer that is not before it');
  });
}

function single(layer: TorchModule, inputs: readonly Value[]): Value {
  return inputs.length === 1 ? inputs[0]! : layer.fail(`reads ${inputs.length} layers; it takes one`);
}

function joined(layer: TorchModule, inputs: readonly Value[]): Value {
  if (layer.setting('d') !== 1) layer.fail('joins something else than channels');
  return inputs.length > 0 ? concat(inputs, 1) : layer.fail('joins nothing');
}
