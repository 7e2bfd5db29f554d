/** The frozen tensors of a graph by their names in the state dict. */
import { nameOf } from '../graph/ir.ts';
import type { Graph } from '../graph/ir.ts';
import { sizeOf } from '../graph/tensor.ts';
import type { Tensor } from '../graph/tensor.ts';

export function frozenTensors(graph: Graph): Map<string, Tensor<'float32'>> {
  const tensors = new Map<string, Tensor<'float32'>>();
  for (const node of graph.nodes) {
    for (const input of node.inputs) {
      if (input?.source.kind !== 'constant') continue;
      const { name, tensor } = input.source;
      if (name !== undefined && isFloat32(tensor)) tensors.set(name, tensor);
    }
  }
  return tensors;
}

/** Number of parameters of a base, its head included. Running statistics of a BatchNormalization are none: nothing trains them. */
export function countParameters(graph: Graph): number {
  const statistics = runningStatistics(graph);
  return [...frozenTensors(graph)].reduce(
    (sum, [name, { shape }]) => sum + (statistics.has(name) ? 0 : sizeOf(shape)),
    0,
  );
}

/** Names of each norm's mean and variance, which follow its input, scale and bias. */
function runningStatistics(graph: Graph): Set<string> {
  const norms = graph.nodes.filter(({ op }) => op === 'BatchNormalization');
  return new Set(norms.flatMap(({ inputs }) => inputs.slice(3).flatMap((input) => (input && nameOf(input)) ?? [])));
}

function isFloat32(tensor: Tensor): tensor is Tensor<'float32'> {
  return tensor.dtype === 'float32';
}
