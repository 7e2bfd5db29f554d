import { loadOnnx } from '../engines/onnxruntime.ts';
import { halvesOfFloats } from '../formats/half.ts';
import { toHalf } from '../graph/passes/to-half.ts';
import { beyondHalf } from './beyond-half.ts';
import type { ExportFormat } from './format.ts';
import { inferenceGraph } from './inference-graph.ts';
import { writePlainOnnx } from './merged-onnx.ts';
import { mergedMetadata } from './metadata.ts';

/** The merged model in half precision, half the size; input and output stay float32. */
export const onnxFp16: ExportFormat = {
  name: 'onnx-fp16',
  title: 'ONNX, half precision',
  output: '.onnx',
  calibrates: false,
  // A half keeps 11 bits: 5e-4 a rounding, over a hundred of them some 5e-3 (measured: 1e-3 on 6 to 15 layers). More is an overflow.
  limits: { difference: 2e-2, tie: 1e-2, agreement: 0.99 },
  write: async (site, { staged }) => {
    const graph = toHalf(await inferenceGraph(site), halvesOfFloats);
    await writePlainOnnx(staged, graph, { metadata: mergedMetadata(site) });
  },
  detector: {
    narrow: async (graph, site, images) => toHalf(graph, halvesOfFloats, await beyondHalf(graph, site, images)),
    // As of logits: 2e-3 of a score and 2e-4 of the side were seen.
    limit: 2e-2,
    ofRaw: false,
  },
  open: ({ threads }, { staged }) => loadOnnx(staged, { threads }),
};
