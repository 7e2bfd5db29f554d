/**
 * The head of a detector: for each level of the pyramid two towers of convolutions, one to the sides of boxes, one to class logits. An
 * end-to-end detector has a second pair of each: the first learns from many anchors a box, the second from one, and predicts without
 * non-maximum suppression.
 */
import { concat, stopGradient } from '../../graph/build.ts';
import type { Value } from '../../graph/ir.ts';
import { known } from '../../graph/shape.ts';
import type { DetectionBranch } from '../base.ts';
import type { Builder } from './builder.ts';
import type { TorchModule } from './module.ts';
import type { Features } from './network.ts';

const SIDES = 4;
const MAX_BINS = { min: 1, max: 64 };
const MAX_CLASSES = { min: 1, max: 65_536 };

export interface HeadFacts {
  /** Bins of the distribution over the distance to a side; 1 where the distance itself is predicted. */
  readonly regMax: number;
  readonly classes: number;
  readonly branches: readonly DetectionBranch[];
}

/** Writes the outputs of each branch and says what they are. */
export function buildHead(builder: Builder, { head, levels }: Features): HeadFacts {
  const facts = { regMax: head.count('reg_max', MAX_BINS), classes: head.count('nc', MAX_CLASSES) };
  const towers = BRANCHES.flatMap(({ name, prefix }) => {
    const [boxes, classes] = [head.find(`${prefix}cv2`), head.find(`${prefix}cv3`)];
    return boxes && classes ? [{ name, boxes, classes }] : [];
  });
  if (towers.length === 0) head.fail('has no towers');
  const branches = towers.map(({ name, boxes, classes }, index): DetectionBranch => {
    // The one-to-one towers learn from the features, which learn from the one-to-many ones alone.
    const inputs = index === 0 ? levels : levels.map(stopGradient);
    const branch = { name, boxes: `${name}.boxes`, scores: `${name}.scores` };
    const [sides, logits] = [boxes, classes].map((tower) => levelOutputs(builder, tower, inputs)) as [Value[], Value[]];
    builder.graph.output(branch.boxes, flat(head, sides, SIDES * facts.regMax));
    builder.graph.output(branch.scores, flat(head, logits, facts.classes));
    return { ...branch, heads: logits.map((value) => convolutionOf(head, value)) };
  });
  return { ...facts, branches };
}

const BRANCHES = [
  { name: 'one2many', prefix: '' },
  { name: 'one2one', prefix: 'one2one_' },
] as const;

function levelOutputs(builder: Builder, tower: TorchModule, levels: readonly Value[]): Value[] {
  const modules = tower.children();
  if (modules.length !== levels.length) tower.fail(`has ${modules.length} towers for ${levels.length} levels`);
  return modules.map((module, index) => builder.run(module, levels[index]!));
}

/** [B, C, h, w] of each level → [B, C, anchors]. */
function flat(head: TorchModule, levels: readonly Value[], channels: number): Value {
  const wrong = levels.find((value) => value.shape[1] !== channels);
  if (wrong !== undefined) {
    head.fail(`writes ${known(wrong.shape[1], 'the channels')} channels where its settings make it ${channels}`);
  }
  return concat(
    levels.map((value) => value.graph.apply('FlattenImage', [value])[0]!),
    2,
  );
}

/** The path of the 1×1 convolution that writes the logits. */
function convolutionOf(head: TorchModule, { source }: Value): string {
  const node = source.kind === 'node' && source.node.op === 'Conv' ? source.node : undefined;
  return node?.module ?? head.fail('its class towers do not end in a convolution');
}
