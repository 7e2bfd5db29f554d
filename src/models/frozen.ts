/** The frozen tensors of a graph by their names in the state dict. */
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

/** Number of parameters of a base, its head included. */
export function countParameters(graph: Graph): number {
  return [...frozenTensors(graph).values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

function isFloat32(tensor: Tensor): tensor is Tensor<'float32'> {
  return tensor.dtype === 'float32';
}
