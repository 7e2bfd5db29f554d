/**
 * The graphs of training: adapted model + images + loss, and for a training step the gradients. Images enter as the bytes they were
 * decoded to; a batch of uint8 is a quarter of the copying, and normalising costs nothing inside the graph.
 */
import { trainableGradients } from '../graph/autodiff.ts';
import { add, cast, crossEntropy, mul, reshape, transpose } from '../graph/build.ts';
import { nameOf } from '../graph/ir.ts';
import type { Graph, Value } from '../graph/ir.ts';
import { alignAttention } from '../graph/passes/align-attention.ts';
import { foldBatchNormalization } from '../graph/passes/fold-batch-normalization.ts';
import { foldNormalization } from '../graph/passes/fold-normalization.ts';
import { chooseLoraForm } from '../graph/passes/choose-lora-form.ts';
import { slideWeightGradients } from '../graph/passes/slide-weight-gradients.ts';
import { separateNormalization } from '../graph/passes/separate-normalization.ts';
import { embed } from '../graph/rewrite.ts';
import { symbol } from '../graph/shape.ts';
import type { Dim } from '../graph/shape.ts';
import { float32 } from '../graph/tensor.ts';
import { BATCH, LOGITS, PIXELS } from '../models/base.ts';
import { inputSize } from '../shared/preprocessing.ts';
import type { Preprocessing } from '../shared/preprocessing.ts';

/** uint8 [B, height, width, 3]. */
export const IMAGES = 'images';
/** int32 [B]. */
export const LABELS = 'labels';
/** float32 [B]: what each image counts in the loss; 0 for padding. */
export const WEIGHTS = 'weights';
export const LOSS = 'loss';
/** float32 scalar that every gradient is multiplied by; an input of steps in half precision. */
export const LOSS_SCALE = 'loss scale';
/** Output of a parameter's gradient. */
export const gradientOf = (parameter: string): string => `gradient ${parameter}`;

export interface StepOptions {
  readonly preprocessing: Preprocessing;
  /** Of the engine: what lengths of attention are filled up to. */
  readonly alignment?: number | undefined;
  /** Images in a batch: what the forms of the adapters are chosen for. */
  readonly batch: number;
  readonly labelSmoothing: number;
  /** Gradients are asked for times `LOSS_SCALE`. */
  readonly scaled?: boolean;
  /** What it runs on: on a GPU small operators cost their launch, on a CPU passes over memory cost. */
  readonly gpu?: boolean | undefined;
  /** Gradients of convolutions by their weights are convolutions (passes/slide-weight-gradients.ts); else matrix products. */
  readonly slides?: boolean;
}

/** Loss, logits and every trainable input's gradient. */
export function trainingGraph(model: Graph, options: StepOptions): Graph {
  const { graph, logits, loss } = withLoss(model, options);
  const differentiated = options.scaled ? mul(loss, graph.input(LOSS_SCALE, [])) : loss;
  for (const { parameter, gradient } of trainableGradients(differentiated))
    graph.output(gradientOf(nameOf(parameter)!), gradient);
  graph.output(LOSS, loss);
  graph.output(LOGITS, logits);
  return options.slides ? slideWeightGradients(graph) : graph;
}

/** Loss (never smoothed, so that losses compare) and logits. */
export function evaluationGraph(model: Graph, options: Omit<StepOptions, 'labelSmoothing'>): Graph {
  const { graph, logits, loss } = withLoss(model, { ...options, labelSmoothing: 0 });
  graph.output(LOSS, loss);
  graph.output(LOGITS, logits);
  return graph;
}

/** Logits of images as they are decoded: what prediction runs. */
export function predictionGraph(model: Graph, options: Omit<StepOptions, 'labelSmoothing'>): Graph {
  const { graph, outputs } = withImages(model, options);
  graph.output(LOGITS, outputs.get(LOGITS)!);
  return graph;
}

/** A graph before anything is an output of it: what it gives, and what its gradients start from. */
export interface Roots {
  readonly graph: Graph;
  readonly results: ReadonlyMap<string, Value>;
  /** As `pullBack` takes them. */
  readonly seeds: ReadonlyMap<Value, Value>;
}

export function classifierRoots(model: Graph, options: StepOptions): Roots {
  const { graph, logits, loss } = withLoss(model, options);
  const results = new Map([
    [LOSS, loss],
    [LOGITS, logits],
  ]);
  return { graph, results, seeds: new Map([[loss, graph.scalar(1)]]) };
}

function withLoss(model: Graph, options: StepOptions): { graph: Graph; logits: Value; loss: Value } {
  const { graph, outputs } = withImages(model, options);
  const logits = outputs.get(LOGITS)!;
  const labels = graph.input(LABELS, [symbol(BATCH)], 'int32');
  const weights = graph.input(WEIGHTS, [symbol(BATCH)]);
  return { graph, logits, loss: crossEntropy(logits, labels, weights, options.labelSmoothing) };
}

/** A model over images as they are decoded, and its outputs there; none is an output of the graph yet. */
export function withImages(
  model: Graph,
  { preprocessing, batch, alignment, gpu = false, slides }: Omit<StepOptions, 'labelSmoothing' | 'scaled'>,
): { graph: Graph; outputs: ReadonlyMap<string, Value> } {
  const folded = foldBatchNormalization(model);
  const normal = gpu ? separateNormalization(folded) : foldNormalization(folded);
  const formed = chooseLoraForm(normal, { [BATCH]: batch }, slides);
  const tuned = alignment === undefined ? formed : alignAttention(formed, alignment);
  const graph = tuned.empty();
  const { height, width } = inputSize(preprocessing);
  const images = graph.input(IMAGES, [symbol(BATCH), height, width, 3], 'uint8');
  const outputs = embed(tuned, graph, {
    replace: (leaf) =>
      leaf.source.kind === 'input' && leaf.source.name === PIXELS ? normalise(images, preprocessing) : undefined,
  });
  return { graph, outputs };
}

/**
 * uint8 [B, H, W, 3] → float32 [B, 3, H, W], (x / 255 − mean) / std as one multiplication and one addition, of whole rows as they lie: engines
 * are slow at broadcasting three numbers, and a gradient that reads the channels inside needs no transpose.
 */
function normalise(images: Value, { mean, std }: Preprocessing): Value {
  const { graph } = images;
  const [batch, height, width, channels] = images.shape as readonly [Dim, number, number, number];
  const row = (ofChannel: (channel: number) => number): Value => {
    const numbers = Array.from({ length: width * channels }, (_, index) => ofChannel(index % channels));
    return graph.constant(float32([numbers.length], numbers));
  };
  const scale = row((channel) => 1 / (255 * std[channel]!));
  const shift = row((channel) => -mean[channel]! / std[channel]!);
  const rows = reshape(cast(images, 'float32'), [batch, height, width * channels]);
  return transpose(reshape(add(mul(rows, scale), shift), images.shape), [0, 3, 1, 2]);
}
