import { loadOnnx } from '../engines/onnxruntime.ts';
import { sigmoid } from '../graph/build.ts';
import type { Graph, Node } from '../graph/ir.ts';
import { planQuantisation } from '../graph/passes/plan-quantisation.ts';
import type { QuantisationPlan } from '../graph/passes/plan-quantisation.ts';
import { quantise } from '../graph/passes/quantise.ts';
import { embed } from '../graph/rewrite.ts';
import { LOGITS } from '../models/base.ts';
import { calibrate } from './calibrate.ts';
import { compareLogits, outputOf } from './compare.ts';
import type { ExportFormat, ExportSite } from './format.ts';
import { inferenceGraph } from './inference-graph.ts';
import { writePlainOnnx } from './merged-onnx.ts';
import { mergedMetadata } from './metadata.ts';

/**
 * Shares of an activation's elements that may lie beyond its range, at either end. Outliers of a transformer stretch the range at the cost
 * of all else, a convolutional net may need them: which is right is measured on the calibration images.
 */
const CLIPPED = [0, 1e-5, 1e-4] as const;

/** The merged model with 8-bit weights and activations in its convolutions and linear layers, a quarter of the size. */
export const onnxInt8: ExportFormat = {
  name: 'onnx-int8',
  title: 'ONNX, 8-bit integers',
  output: '.onnx',
  calibrates: true,
  // 8 bits: 2e-2 of the largest logit was measured on trained models, up to 0.18 on random ones, which lean on few activations. What lies
  // beyond 0.25, or changes the class of clearly decided images, has lost a range or a layer that cannot be quantised.
  limits: { difference: 0.25, tie: 0.05, agreement: 0.97 },
  write: async (site, { staged }) => {
    const graph = await inferenceGraph(site);
    const quantised = await nearest(graph, planQuantisation(graph), site, (whole) => whole);
    await writePlainOnnx(staged, quantised, { metadata: mergedMetadata(site) });
  },
  detector: {
    narrow: (graph, site) => {
      const { scores } = site.merged.detection!.branches.at(-1)!;
      return nearest(graph, planQuantisation(graph, lastConvolutions(graph)), site, probabilities(scores));
    },
    // 0.3 of a score and 0.012 of the side were seen on trained models, whose mean average precision stayed within 0.005.
    limit: 0.5,
    ofRaw: false,
  },
  open: ({ threads }, { staged }) => loadOnnx(staged, { threads }),
};

/** The graph whose answers are nearest to those of the floating-point model, by `answersOf` one output of either. */
async function nearest(
  graph: Graph,
  plan: QuantisationPlan,
  site: ExportSite,
  answersOf: (graph: Graph) => Graph,
): Promise<Graph> {
  const { engine, threads } = site;
  const { preprocessing } = site.merged;
  const images = site.calibration!;
  const ranges = await calibrate(graph, new Set(plan.activations.values()), { engine, threads, images, preprocessing });
  const answers = async (candidate: Graph): Promise<Float32Array> => {
    const program = await engine.compile(answersOf(candidate), { threads });
    try {
      return await outputOf(program, images, preprocessing);
    } finally {
      await program.release();
    }
  };
  const expected = await answers(graph);
  let best = { graph, error: Infinity };
  for (const clipped of CLIPPED) {
    const candidate = quantise(graph, plan, ranges(clipped));
    const { typical } = compareLogits(expected, await answers(candidate), images.shape[0]!, 0).difference;
    if (typical < best.error) best = { graph: candidate, error: typical };
  }
  return best.graph;
}

/** Probabilities of a detector: what is nowhere near an object does not count. */
function probabilities(branch: string): (raw: Graph) => Graph {
  return (raw) => {
    const graph = raw.empty();
    graph.output(LOGITS, sigmoid(embed(raw, graph, {}).get(branch)!));
    return graph;
  };
}

/** The convolutions that write outputs, before anything that moves their results: fractions of a pixel are told by them. */
function lastConvolutions({ outputs }: Graph): Set<Node> {
  const last = new Set<Node>();
  const walked = new Set(outputs.values());
  // A set that grows while it is walked: what is added is visited too.
  for (const { source } of walked) {
    if (source.kind !== 'node') continue;
    if (source.node.op === 'Conv') last.add(source.node);
    else for (const input of source.node.inputs) if (input !== undefined) walked.add(input);
  }
  return last;
}
