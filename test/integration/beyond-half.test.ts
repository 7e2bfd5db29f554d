import { expect, it } from 'vitest';
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import { beyondHalf } from '../../src/export/beyond-half.ts';
import type { ExportSite } from '../../src/export/format.ts';
import { noiseImages } from '../../src/export/pixels.ts';
import { mul, relu } from '../../src/graph/build.ts';
import { createGraph } from '../../src/graph/registry.ts';
import { symbol } from '../../src/graph/shape.ts';
import { PIXELS } from '../../src/models/base.ts';
import type { Preprocessing } from '../../src/shared/preprocessing.ts';

it('finds the nodes that read or write more than a half holds', async () => {
  const preprocessing: Preprocessing = {
    resize: { mode: 'exact', height: 8, width: 8 },
    crop: null,
    interpolation: 'bilinear',
    mean: [0, 0, 0],
    std: [1, 1, 1],
  };
  const graph = createGraph();
  const x = graph.input(PIXELS, [symbol('B'), 3, 8, 8]);
  const small = relu(x);
  const large = mul(small, -1e6);
  const again = mul(large, 1e-6);
  graph.output('y', relu(again));
  const site = { engine: onnxRuntimeCpu, threads: 1, merged: { preprocessing } } as unknown as ExportSite;
  const beyond = await beyondHalf(graph, site, noiseImages(preprocessing, 2));
  expect(graph.nodes.map((node) => beyond.has(node))).toEqual([false, true, true, false]);
});
