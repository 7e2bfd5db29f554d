/**
 * Nodes that a half could not hold: networks without normalisation after their last layers, and those trained at a high rate, may have
 * activations beyond 65 504, which in half precision become infinite and all that follows NaN. They stay float32.
 */
import { maximum, neg, reduceMax } from '../graph/build.ts';
import type { Graph, Node, Value } from '../graph/ir.ts';
import { embed } from '../graph/rewrite.ts';
import { PIXELS } from '../models/base.ts';
import type { ExportSite, Images } from './format.ts';
import { pixelsOf } from './pixels.ts';

const LARGEST_HALF = 65_504;
/** Other images have other extremes. */
const MARGIN = 4;
/** Their extremes differ less than the margin allows for. */
const MAX_IMAGES = 16;

/** Of a graph `PIXELS` → anything: those that read or write more than a half holds on the first of the images. */
export async function beyondHalf(
  graph: Graph,
  { engine, threads, merged }: ExportSite,
  images: Images,
): Promise<ReadonlySet<Node>> {
  const written = graph.nodes.flatMap(({ outputs }) => outputs.filter(({ dtype }) => dtype === 'float32'));
  const names = new Map(written.map((value, index) => [`largest ${index}`, value]));
  const observed = graph.empty();
  for (const [name, value] of embed({ inputs: graph.inputs, nodes: graph.nodes, outputs: names }, observed, {}))
    observed.output(name, largest(value));
  const program = await engine.compile(observed, { threads });
  const beyond = new Set<Value>();
  try {
    for (let image = 0; image < Math.min(MAX_IMAGES, images.shape[0]!); image++) {
      const results = await program.run({ [PIXELS]: pixelsOf(images, merged.preprocessing, image, image + 1) });
      for (const [name, value] of names)
        if ((results[name]!.data as Float32Array)[0]! > LARGEST_HALF / MARGIN) beyond.add(value);
    }
  } finally {
    await program.release();
  }
  const isBeyond = (value: Value | undefined): boolean => value !== undefined && beyond.has(value);
  return new Set(graph.nodes.filter(({ inputs, outputs }) => [...inputs, ...outputs].some(isBeyond)));
}

/** In magnitude, of all elements. */
function largest(value: Value): Value {
  const axes = value.shape.map((_, axis) => axis);
  return reduceMax(maximum(value, neg(value)), { axes, keepDims: false });
}
