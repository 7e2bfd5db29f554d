/** What the activations of a graph span on real images. */
import type { Engine } from '../engines/engine.ts';
import type { Graph, Value } from '../graph/ir.ts';
import type { Range } from '../graph/passes/quantise.ts';
import { embed } from '../graph/rewrite.ts';
import { PIXELS } from '../models/base.ts';
import type { Preprocessing } from '../shared/preprocessing.ts';
import type { Images } from './format.ts';
import { Histogram } from './histogram.ts';
import { pixelsOf } from './pixels.ts';

/** Every activation of every layer comes to the host at once. */
const BATCH_SIZE = 4;

export interface CalibrationSite {
  readonly engine: Engine;
  readonly threads: number | undefined;
  readonly images: Images;
  readonly preprocessing: Preprocessing;
}

/** Ranges of `values`, leaving out a share of the elements at either end. */
export type Calibration = (clipped: number) => ReadonlyMap<Value, Range>;

/** Runs the graph on all images and keeps how often each activation had which values. */
export async function calibrate(graph: Graph, values: Iterable<Value>, site: CalibrationSite): Promise<Calibration> {
  const { engine, threads, images, preprocessing } = site;
  const names = new Map([...values].map((value, index) => [`activation ${index}`, value]));
  const observed = graph.empty();
  for (const [name, value] of embed({ inputs: graph.inputs, nodes: graph.nodes, outputs: names }, observed, {}))
    observed.output(name, value);
  const histograms = new Map([...names].map(([name]) => [name, new Histogram()]));
  const program = await engine.compile(observed, { threads });
  try {
    const count = images.shape[0]!;
    for (let from = 0; from < count; from += BATCH_SIZE) {
      const pixels = pixelsOf(images, preprocessing, from, Math.min(from + BATCH_SIZE, count));
      const results = await program.run({ [PIXELS]: pixels });
      for (const [name, histogram] of histograms) histogram.add(results[name]!.data as Float32Array);
    }
  } finally {
    await program.release();
  }
  return (clipped) => new Map([...names].map(([name, value]) => [value, histograms.get(name)!.range(clipped)]));
}
