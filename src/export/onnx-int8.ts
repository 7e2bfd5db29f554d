import { loadOnnx } from '../engines/onnxruntime.ts';
import type { Graph } from '../graph/ir.ts';
import { planQuantisation } from '../graph/passes/plan-quantisation.ts';
import { quantise } from '../graph/passes/quantise.ts';
import { calibrate } from './calibrate.ts';
import { compareLogits, logitsOf } from './compare.ts';
import type { ExportFormat, ExportSite, Images } from './format.ts';
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
    await writePlainOnnx(staged, await quantised(site, site.calibration!), { metadata: mergedMetadata(site) });
  },
  open: ({ threads }, { staged }) => loadOnnx(staged, { threads }),
};

/** The graph whose logits are nearest to those of the floating-point model. */
async function quantised(site: ExportSite, images: Images): Promise<Graph> {
  const { engine, threads } = site;
  const { preprocessing } = site.merged;
  const graph = await inferenceGraph(site);
  const plan = planQuantisation(graph);
  const ranges = await calibrate(graph, new Set(plan.activations.values()), { engine, threads, images, preprocessing });
  const logits = async (candidate: Graph): Promise<Float32Array> => {
    const program = await engine.compile(candidate, { threads });
    try {
      return await logitsOf(program, images, preprocessing);
    } finally {
      await program.release();
    }
  };
  const expected = await logits(graph);
  let best = { graph, error: Infinity };
  for (const clipped of CLIPPED) {
    const candidate = quantise(graph, plan, ranges(clipped));
    const { typical } = compareLogits(expected, await logits(candidate), images.shape[0]!, 0).difference;
    if (typical < best.error) best = { graph: candidate, error: typical };
  }
  return best.graph;
}
