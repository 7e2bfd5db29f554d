/** What the adapter of one layer adds to a step, whatever the other layers do: a graph of this layer alone, with and without it. */
import { trainableGradients } from '../graph/autodiff.ts';
import { mul, reduceSum } from '../graph/build.ts';
import { nodeCosts } from '../graph/cost.ts';
import { constantOf, nameOf } from '../graph/ir.ts';
import type { Graph, Node, Value } from '../graph/ir.ts';
import { chooseLoraForm } from '../graph/passes/choose-lora-form.ts';
import { lower } from '../graph/passes/lower.ts';
import { createGraph } from '../graph/registry.ts';
import { bind } from '../graph/shape.ts';
import { sizeOf } from '../graph/tensor.ts';
import { adapterPath } from '../lora/adapter-path.ts';
import { BATCH } from '../models/base.ts';
import { adapterShapesOf } from '../shared/adaptable-module.ts';
import type { AdaptableModule } from '../shared/adaptable-module.ts';
import type { LoraOptions } from '../shared/job.ts';
import type { MachineRates } from '../shared/plan.ts';
import type { HeldBatch } from './held-batch.ts';
import { secondsOf } from './plan-time.ts';

export interface AdapterWork {
  /** Of one step. */
  readonly seconds: number;
  /** Kept from the forward to the backward pass: the merged weight, or what A makes of the layer's input. */
  readonly bytes: number;
}

export interface AdapterOf {
  readonly module: AdaptableModule;
  /** Of the base's graph: the nodes that run the module. */
  readonly nodes: readonly Node[];
  readonly lora: Pick<LoraOptions, 'useDora' | 'dropout'>;
  readonly batch: number;
  readonly held: HeldBatch;
  readonly rates: MachineRates;
}

export function adapterWork(rank: number, { module, nodes, lora, batch, held, rates }: AdapterOf): AdapterWork {
  const bindings = { [BATCH]: batch };
  const atOnce = { [BATCH]: held.images };
  const seconds = (graph: Graph): number => secondsOf(nodeCosts(lower(graph).nodes, bindings), rates, bindings);
  let work: AdapterWork = { seconds: 0, bytes: 0 };
  for (const node of nodes) {
    const adapted = chooseLoraForm(layer(node, { module, rank, lora }), atOnce);
    const kept = adapted.nodes.find(({ op }) => op.startsWith('Lora'))?.outputs[1];
    work = {
      seconds: work.seconds + seconds(differentiated(adapted)) - seconds(differentiated(layer(node, undefined))),
      bytes:
        work.bytes +
        (kept === undefined ? 0 : held.copies * sizeOf(bind(kept.shape, atOnce)) * Float32Array.BYTES_PER_ELEMENT),
    };
  }
  return work;
}

const RESULT = 'y';

interface Adapter {
  readonly module: AdaptableModule;
  readonly rank: number;
  readonly lora: AdapterOf['lora'];
}

/** One node over inputs of its own, with an adapter or without. Its float32 inputs ask for gradients, as in the middle of a network. */
function layer(node: Node, adapter: Adapter | undefined): Graph {
  const graph = createGraph();
  const inputs = node.inputs.map((input, index) => {
    if (input === undefined) return undefined;
    const frozen = constantOf(input);
    if (frozen !== undefined) return graph.constant(frozen, nameOf(input));
    return graph.input(`x${index}`, input.shape, input.dtype, { trainable: input.dtype === 'float32' });
  });
  graph.output(
    RESULT,
    adapter === undefined
      ? graph.apply(node.op, inputs, node.attributes, node.module)[0]!
      : adaptedResult(graph, node, inputs, adapter),
  );
  return graph;
}

function adaptedResult(
  graph: Graph,
  node: Node,
  inputs: readonly (Value | undefined)[],
  { module, rank, lora }: Adapter,
): Value {
  const { A, B, magnitude } = adapterShapesOf(module, rank);
  const train = (name: string, shape: readonly number[]): Value =>
    graph.input(name, shape, 'float32', { trainable: true });
  const trained = {
    a: train('a', A),
    b: train('b', B),
    magnitude: lora.useDora ? train('magnitude', magnitude) : undefined,
  };
  // What the scale is costs nothing.
  return adapterPath(node, inputs, trained, { scale: 2, dropout: lora.dropout });
}

/** With the gradients for a gradient that arrives at the result. */
function differentiated(graph: Graph): Graph {
  const y = graph.outputs.get(RESULT)!;
  const arriving = graph.input('dy', y.shape);
  const axes = [...y.shape.keys()];
  for (const { parameter, gradient } of trainableGradients(reduceSum(mul(y, arriving), { axes }))) {
    graph.output(`gradient ${nameOf(parameter)!}`, gradient);
  }
  return graph;
}
