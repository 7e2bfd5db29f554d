/** The modules of a base that could carry an adapter, read off its graph. */
import type { Node } from '../graph/ir.ts';
import { known } from '../graph/shape.ts';
import { moduleNodes } from '../models/base.ts';
import type { Base } from '../models/base.ts';
import type { AdaptableModule } from '../shared/adaptable-module.ts';

export function adaptableModules(base: Base): AdaptableModule[] {
  const older = new Map<string, string[]>();
  for (const [alias, path] of base.aliases) older.set(path, [...(older.get(path) ?? []), alias]);
  return [...moduleNodes(base.graph)].flatMap(([path, nodes]) => {
    const module = describe(path, nodes[0]!, older.get(path));
    return module === undefined ? [] : [module];
  });
}

function describe(path: string, node: Node, aliases: readonly string[] | undefined): AdaptableModule | undefined {
  const named = aliases === undefined ? { path } : { path, aliases };
  const dim = (input: number, axis: number): number => known(node.inputs[input]?.shape[axis], `${path}.weight`);
  switch (node.op) {
    case 'Linear':
      return { ...named, kind: 'linear', inFeatures: dim(1, 1), outFeatures: dim(1, 0) };
    case 'Conv': {
      const { strides, dilations, groups } = node.attributes as unknown as ConvAttributes;
      return {
        ...named,
        kind: 'conv2d',
        inFeatures: dim(1, 1) * groups,
        outFeatures: dim(1, 0),
        kernel: [dim(1, 2), dim(1, 3)],
        stride: strides,
        dilation: dilations,
        groups,
      };
    }
    case 'Gather':
      return { ...named, kind: 'embedding', inFeatures: dim(0, 0), outFeatures: dim(0, 1) };
    default:
      return undefined;
  }
}

interface ConvAttributes {
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly groups: number;
}
