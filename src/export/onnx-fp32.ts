import { loadOnnx } from '../engines/onnxruntime.ts';
import type { ExportFormat } from './format.ts';
import { writePlainOnnx } from './merged-onnx.ts';
import { mergedMetadata } from './metadata.ts';

/** The merged model as it is: `pixel_values` float32 [B, 3, height, width] → `logits` float32 [B, classes]. */
export const onnxFp32: ExportFormat = {
  name: 'onnx-fp32',
  title: 'ONNX, single precision',
  output: '.onnx',
  calibrates: false,
  // The same numbers in another order of summation: some 1e-6 of the largest logit were measured, and 1e-4 is the promise.
  limits: { difference: 1e-4, tie: 1e-4, agreement: 1 },
  write: (site, { staged }) => writePlainOnnx(staged, site.merged.graph, { metadata: mergedMetadata(site) }),
  // The same sums in another order, of a hundred layers: 1e-5 of the largest raw output was measured.
  detector: { narrow: (graph) => graph, limit: 1e-4, ofRaw: true },
  open: ({ threads }, { staged }) => loadOnnx(staged, { threads }),
};
