/**
 * What scores the batches of an evaluation. On a CPU trained values are merged into the weights first, so that these are constants of a plain
 * model, and each thread takes an image with an engine of its own; elsewhere the graph with its adapters takes a batch as a whole.
 */
import type { DetectionBatch } from '../../data/detection/detection-batches.ts';
import type { Program, Tensors } from '../../engines/engine.ts';
import { encodeForCpu } from '../../engines/onnxruntime.ts';
import type { Graph } from '../../graph/ir.ts';
import type { LossParts } from '../../shared/run/events.ts';
import { AskedThread } from './asked-thread.ts';
import { decodeDetections } from './candidates.ts';
import type { DecodeOptions } from './candidates.ts';
import type { Detections } from './detections.ts';
import { atLeastOne } from './loss.ts';
import { headOf, namedParts, sumOfParts, timesParts } from './losses.ts';
import type { HeadLayout, HeadLoss } from './losses.ts';
import type { ImageScore, ImageToScore, ScoredHead } from './score-image.ts';
import type { ScoreRequest } from './score-worker.ts';
import type { Seen } from './seen.ts';

export interface BatchScore {
  readonly parts: LossParts;
  /** By the place in the batch; of images alone that count. */
  readonly found: ReadonlyMap<number, Detections>;
}

export interface BatchScorer {
  /** Batches that may be on their way at once. */
  readonly ahead: number;
  /** For the batches that follow; `values` are those of the trainable inputs. */
  load(values: Tensors): Promise<void>;
  score(batch: DetectionBatch, seen: Seen): Promise<BatchScore>;
  release(): Promise<void>;
}

interface WholeBatches {
  readonly program: Program;
  readonly head: HeadLayout;
  /** For batches of their size. */
  readonly loss: HeadLoss;
  readonly options: DecodeOptions;
}

export function wholeBatchScorer({ program, head, loss, options }: WholeBatches): BatchScorer {
  let loaded: Tensors = {};
  return {
    ahead: 1,
    load: (values) => {
      loaded = values;
      return Promise.resolve();
    },
    async score(batch, seen) {
      await program.run({ ...(await seen.of(batch)), ...loaded }, loss.outputs);
      loss.evaluate(batch, 1);
      const predicted = headOf(loss.outputs, head.branches.at(-1)!);
      const found = countedPlaces(batch).map((place): [number, Detections] => [
        place,
        decodeDetections(predicted, place, loss.shape, options),
      ]);
      return { parts: loss.parts!, found: new Map(found) };
    },
    release: () => program.release(),
  };
}

interface ThreadedScorer {
  /** Of the built worker. */
  readonly file: string;
  readonly threads: number;
  readonly scored: ScoredHead;
  /** From images to what the head puts out, with these values in the weights. */
  readonly merged: (values: Tensors) => Graph;
}

type Thread = AskedThread<ScoreRequest, ImageScore | null>;

/** Its threads start with the first evaluation. */
export function threadedScorer({ file, threads, scored, merged }: ThreadedScorer): BatchScorer {
  let started: Promise<readonly Thread[]> | undefined;
  let free: Thread[] = [];
  const waiting: ((thread: Thread) => void)[] = [];
  const start = (): Promise<readonly Thread[]> => {
    const of = { file, workerData: scored, work: 'scores images' };
    return Promise.all(Array.from({ length: threads }, () => AskedThread.start<ScoreRequest, ImageScore | null>(of)));
  };
  const scoreOf = async (image: ImageToScore): Promise<ImageScore> => {
    const thread = free.pop() ?? (await new Promise<Thread>((resolve) => waiting.push(resolve)));
    try {
      const moved = Object.values(image.feeds).map(({ data }) => data.buffer as ArrayBuffer);
      return (await thread.ask({ image }, moved))!;
    } finally {
      const next = waiting.shift();
      if (next === undefined) free.push(thread);
      else next(thread);
    }
  };
  return {
    // All threads have work while the last images of a batch are scored.
    ahead: 2,
    async load(values) {
      const model = encodeForCpu(merged(values), { intoOnly: true });
      const all = await (started ??= start());
      await Promise.all(all.map((thread) => thread.ask({ model })));
      free = [...all];
    },
    async score(batch, seen) {
      const feeds = await seen.of(batch);
      const places = countedPlaces(batch);
      const scores = await Promise.all(places.map((place) => scoreOf(imageOf(feeds, batch, place))));
      const parts = scored.head.branches.map((_, index) => {
        const own = scores.map(({ branches }) => branches[index]!);
        const labels = own.reduce((sum, each) => sum + each.labels, 0);
        return timesParts(sumOfParts(own.map((each) => each.parts)), 1 / atLeastOne(labels));
      });
      return {
        parts: namedParts(sumOfParts(parts)),
        found: new Map(places.map((place, index) => [place, scores[index]!.found])),
      };
    },
    async release() {
      await Promise.all((await started)?.map((thread) => thread.release()) ?? []);
    },
  };
}

function countedPlaces({ weights }: DetectionBatch): number[] {
  return [...weights.keys()].filter((place) => weights[place] !== 0);
}

/** With memory of its own, which is handed over. */
function imageOf(feeds: Tensors, { counts, rows, weights }: DetectionBatch, place: number): ImageToScore {
  const batch = weights.length;
  const own = <T extends { readonly length: number; slice(start: number, end: number): T }>(data: T): T =>
    data.slice((place * data.length) / batch, ((place + 1) * data.length) / batch);
  return {
    feeds: Object.fromEntries(
      Object.entries(feeds).map(([name, tensor]) => [
        name,
        { ...tensor, shape: [1, ...tensor.shape.slice(1)], data: own(tensor.data as Uint8Array) },
      ]),
    ),
    targets: { counts: own(counts), rows: own(rows), weights: own(weights) },
  };
}
