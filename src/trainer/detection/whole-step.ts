/**
 * The step of a detector as one graph, its loss inside it: on a GPU, where nothing but images, boxes and trained values should cross to the
 * host and back. The network may be in half precision; the loss is in float32, and its gradient enters the network times the loss's scale.
 */
import { add, cast, mul, slice, reshape } from '../../graph/build.ts';
import type { Graph, Value } from '../../graph/ir.ts';
import { nameOf } from '../../graph/ir.ts';
import { embed } from '../../graph/rewrite.ts';
import { symbol } from '../../graph/shape.ts';
import { BATCH } from '../../models/base.ts';
import type { Detection } from '../../models/base.ts';
import { anchorsOf } from '../../models/anchors.ts';
import { inputSize } from '../../shared/preprocessing.ts';
import { inPrecision } from '../precision.ts';
import type { Precision } from '../precision.ts';
import { LOSS, LOSS_SCALE, WEIGHTS } from '../step.ts';
import type { StepOptions } from '../step.ts';
import { lossDensely } from './dense-loss.ts';
import { DENSE_COLUMNS } from './dense-targets.ts';
import type { HeadShape } from './heads.ts';
import { lossOptionsOf } from './losses.ts';
import type { HeadLayout } from './losses.ts';
import { differentiatedGraph, headOutputs, seedOf } from './step.ts';

/** float32 [B, boxes, …] as dense-targets.ts writes them. */
export const TARGETS = 'targets';
/** float32, a number for each branch of the head; an input where there are several. */
export const SHARES = 'shares of the branches';
/** Outputs, scalars whose sum is the loss, which is an output too. */
export const LOSS_PARTS = { box: 'loss of boxes', cls: 'loss of classes', dfl: 'loss of distances' } as const;

/** Of the targets: as many as the image of a batch that has most. */
const MOST_BOXES = 'M';

export interface WholeStepOptions extends Pick<StepOptions, 'preprocessing' | 'batch'> {
  readonly precision: Precision;
}

/** Every trainable input's gradient, times `LOSS_SCALE` in half precision, and the parts of the loss. */
export function wholeStepGraph(model: Graph, detection: Detection & HeadLayout, options: WholeStepOptions): Graph {
  const network = inPrecision(differentiatedGraph(model, detection, options), options.precision);
  const graph = network.empty();
  const head = new Map(headOutputs(detection).map((name) => [sourceOf(network.outputs.get(name)!), name]));
  const raw = new Map<string, Value>();
  let loss: WrittenLoss | undefined;
  const seeds = new Map(network.inputs.flatMap((input) => seedName(input, detection)));
  const outputs = embed(
    { nodes: network.nodes, outputs: network.outputs, inputs: network.inputs.filter((input) => !seeds.has(input)) },
    graph,
    {
      visit: ({ node, inputs }) => {
        const results = graph.apply(node.op, inputs, node.attributes, node.module);
        node.outputs.forEach((output, index) => {
          const name = head.get(output);
          if (name !== undefined) raw.set(name, results[index]!);
        });
        return results;
      },
      // The network's nodes come in order: all raw outputs are there before the first seed is read.
      replace: (leaf) => {
        const output = seeds.get(leaf);
        if (output === undefined) return undefined;
        loss ??= writeLoss(graph, raw, detection, options);
        return loss.seeds.get(output)!;
      },
    },
  );
  const names = new Set(headOutputs(detection));
  for (const [name, value] of outputs) if (!names.has(name)) graph.output(name, value);
  const parts = [...(loss?.parts ?? [])];
  for (const [part, value] of parts) graph.output(LOSS_PARTS[part], value);
  graph.output(LOSS, parts.map(([, value]) => value).reduce(add));
  return graph;
}

function seedName(input: Value, detection: Detection): [Value, string][] {
  const output = headOutputs(detection).find((name) => seedOf(name) === nameOf(input));
  return output === undefined ? [] : [[input, output]];
}

/** What an output is before it was made float32: those casts stand behind all other nodes. */
function sourceOf(value: Value): Value {
  const { source } = value;
  return source.kind === 'node' && source.node.op === 'Cast' ? sourceOf(source.node.inputs[0]!) : value;
}

type Part = keyof typeof LOSS_PARTS;

interface WrittenLoss {
  readonly parts: ReadonlyMap<Part, Value>;
  /** By the names of the head's outputs. */
  readonly seeds: ReadonlyMap<string, Value>;
}

function writeLoss(
  graph: Graph,
  raw: ReadonlyMap<string, Value>,
  { branches, strides, regMax, gains }: HeadLayout,
  { preprocessing, precision }: WholeStepOptions,
): WrittenLoss {
  const size = inputSize(preprocessing);
  const targets = graph.input(TARGETS, [symbol(BATCH), symbol(MOST_BOXES), DENSE_COLUMNS]);
  const weights = graph.input(WEIGHTS, [symbol(BATCH)]);
  const shares = branches.length === 1 ? undefined : graph.input(SHARES, [branches.length]);
  const scale = precision === 'fp16' ? graph.input(LOSS_SCALE, []) : undefined;
  const parts = new Map<Part, Value>();
  const seeds = new Map<string, Value>();
  for (const [index, branch] of branches.entries()) {
    const [boxes, scores] = [branch.boxes, branch.scores].map((name) => cast(raw.get(name)!, 'float32'));
    const shape: HeadShape = {
      anchors: anchorsOf(size, strides),
      classes: scores!.shape[1] as number,
      regMax,
    };
    const own = lossDensely(
      { boxes: boxes!, scores: scores!, targets, weights },
      lossOptionsOf(branch, shape, size, gains),
    );
    const share = shares && reshape(slice(shares, 0, index, index + 1), []);
    const shared = (value: Value): Value => (share === undefined ? value : mul(value, share));
    const scaled = (value: Value): Value => (scale === undefined ? shared(value) : mul(shared(value), scale));
    seeds.set(branch.boxes, scaled(own.boxes));
    seeds.set(branch.scores, scaled(own.scores));
    const named = { box: own.parts.box, cls: own.parts.classes, dfl: own.parts.distances };
    for (const part of ['box', 'cls', 'dfl'] as const) {
      const before = parts.get(part);
      parts.set(part, before === undefined ? shared(named[part]) : add(before, shared(named[part])));
    }
  }
  return { parts, seeds };
}
