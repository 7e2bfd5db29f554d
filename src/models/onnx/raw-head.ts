/**
 * The raw head of an exported detector, behind whatever decodes it: going back from the output, the first convolutions. For each level of the
 * pyramid there are two, one that writes the sides of boxes and one that writes class logits, and what the graph needs is their results.
 * Which decoder stands before them does not matter: boxes and probabilities, the 300 best, or what is left after suppression.
 */
import { concat } from '../../graph/build.ts';
import type { Value } from '../../graph/ir.ts';
import { known } from '../../graph/shape.ts';
import { InputError } from '../../shared/errors.ts';
import type { Place } from '../../shared/errors.ts';
import type { DetectionBranch } from '../base.ts';
import type { SourceNode } from './functions.ts';
import { isKnown } from './operand.ts';
import type { Source, Whole } from './source.ts';

const SIDES = 4;
/** Published detectors have three or four. */
const MAX_LEVELS = 8;
const MAX_BINS = 64;
const MAX_CLASSES = 65_536;

/** Names of the results of the convolutions that the output is computed from, in the order they run. */
export function rawResults({ nodes, output, initializer, place }: Whole): string[] {
  const writers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const found = new Set<SourceNode>();
  const walked = new Set([output]);
  // A set that grows while it is walked: what is added is visited too.
  for (const name of walked) {
    const node = writers.get(name);
    // Anchors are made of the size of what the head reads, not of what is in it.
    if (node === undefined || node.op === 'Shape') continue;
    if (node.op === 'Conv' && !isBins(node, initializer)) found.add(node);
    else for (const input of node.inputs) walked.add(input);
  }
  const results = nodes.filter((node) => found.has(node)).map(({ outputs }) => outputs[0]!);
  if (results.length >= 2 && results.length <= 2 * MAX_LEVELS && results.length % 2 === 0) return results;
  throw new InputError(
    `no detection head of YOLOv8, 11, 12 or 26 here: its output is computed from ${results.length} convolutions, not from two of each level`,
    place,
  );
}

/** The mean over bins, written as a convolution with weights 0, 1, 2, …. */
function isBins({ inputs }: SourceNode, initializer: Source['initializer']): boolean {
  const weight = inputs[1] === undefined ? undefined : initializer(inputs[1]);
  if (weight === undefined || !isKnown(weight)) return false;
  const { stored, elements } = weight;
  return stored[0] === 1 && elements.length > 1 && Array.from(elements).every((element, bin) => element === bin);
}

export interface RawHead {
  /** Of each level, in pixels; the finest first. */
  readonly strides: readonly number[];
  readonly regMax: number;
  readonly classes: number;
  readonly branch: DetectionBranch;
}

interface Level {
  readonly height: number;
  readonly boxes: Convolution;
  readonly scores: Convolution;
}

interface Convolution {
  readonly value: Value;
  readonly module: string;
  readonly channels: number;
}

export interface HeadFacts {
  /** As the metadata tell them. */
  readonly names: readonly string[] | undefined;
  /** Of the images, in pixels. */
  readonly height: number;
  /** Whether the metadata say that it answers once for each object. */
  readonly endToEnd: boolean;
  readonly place: Place;
}

/** Writes the outputs of the branch. Throws an `InputError` where the convolutions are no head. */
export function buildRawHead(results: readonly Value[], { names, height, endToEnd, place }: HeadFacts): RawHead {
  const fail = (reason: string): never => {
    throw new InputError(`no detection head of YOLOv8, 11, 12 or 26 here: ${reason}`, place);
  };
  const levels = levelsOf(
    results.map((value) => convolutionOf(value) ?? fail('a result is no convolution')),
    names,
    fail,
  );
  const [{ boxes, scores }] = levels as [Level, ...Level[]];
  const regMax = boxes.channels / SIDES;
  if (!Number.isInteger(regMax) || regMax > MAX_BINS) fail(`${boxes.channels} channels are not those of four sides`);
  if (scores.channels > MAX_CLASSES) fail(`${scores.channels} classes`);
  const strides = levels.map((level) => height / level.height);
  if (!strides.every(Number.isInteger)) fail('its levels do not divide the image');
  const isOneToOne = endToEnd || levels.some((level) => level.scores.module.includes('one2one'));
  const name = isOneToOne ? 'one2one' : 'one2many';
  const branch = { name, boxes: `${name}.boxes`, scores: `${name}.scores` } as const;
  const { graph } = boxes.value;
  graph.output(branch.boxes, flat(levels.map((level) => level.boxes.value)));
  graph.output(branch.scores, flat(levels.map((level) => level.scores.value)));
  const heads = levels.map((level) => level.scores.module);
  return { strides, regMax, classes: scores.channels, branch: { ...branch, heads } };
}

function convolutionOf(value: Value): Convolution | undefined {
  const { source, shape } = value;
  if (source.kind !== 'node' || source.node.op !== 'Conv' || source.node.module === undefined) return undefined;
  return { value, module: source.node.module, channels: known(shape[1], 'the channels') };
}

/** Pairs of one size, the finest first; all of the same channels. */
function levelsOf(
  convolutions: readonly Convolution[],
  names: readonly string[] | undefined,
  fail: (reason: string) => never,
): Level[] {
  const byHeight = new Map<number, Convolution[]>();
  for (const convolution of convolutions) {
    const height = known(convolution.value.shape[2], 'the image size');
    byHeight.set(height, [...(byHeight.get(height) ?? []), convolution]);
  }
  const levels = [...byHeight].map(([height, own]): Level => {
    const [first, second, ...others] = own;
    if (first === undefined || second === undefined || others.length > 0)
      return fail(`a level of ${height} rows has ${own.length} results, not two`);
    return { height, ...told(first, second, names, fail) };
  });
  const [one] = levels;
  const isLike = ({ boxes, scores }: Level): boolean =>
    boxes.channels === one?.boxes.channels && scores.channels === one.scores.channels;
  if (!levels.every(isLike)) fail('its levels have different channels');
  return levels.sort((a, b) => b.height - a.height);
}

/** Which of the two writes boxes: by its name, and where names are lost by the number of classes. */
function told(
  a: Convolution,
  b: Convolution,
  names: readonly string[] | undefined,
  fail: (reason: string) => never,
): Pick<Level, 'boxes' | 'scores'> {
  const isBoxes = ({ module }: Convolution): boolean => /(^|[._])cv2\./.test(module);
  const isScores = ({ module }: Convolution): boolean => /(^|[._])cv3\./.test(module);
  const hasClasses = ({ channels }: Convolution): boolean => channels === names?.length;
  for (const [boxes, scores] of [
    [a, b],
    [b, a],
  ] as const) {
    if (isBoxes(boxes) && isScores(scores)) return { boxes, scores };
    if (hasClasses(scores) && !hasClasses(boxes)) return { boxes, scores };
  }
  return fail('neither names nor numbers tell boxes from classes');
}

/** [B, C, h, w] of each level → [B, C, anchors]. */
function flat(levels: readonly Value[]): Value {
  return concat(
    levels.map((value) => value.graph.apply('FlattenImage', [value])[0]!),
    2,
  );
}
