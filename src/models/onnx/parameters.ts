/** Known tensors as constants of the graph, under the names of the state dict. */
import { expand, reshape } from '../../graph/build.ts';
import type { Graph, Value } from '../../graph/ir.ts';
import type { Folding } from './folding.ts';
import type { SourceNode } from './functions.ts';
import { modulePath, parameterName } from './module-paths.ts';
import { isRepeated, tensorOf } from './operand.ts';
import type { Known } from './operand.ts';
import type { Source } from './source.ts';

export class Parameters {
  readonly #graph: Graph;
  readonly #folding: Folding;
  readonly #readers: Source['readers'];
  readonly #values = new Map<Known, Value>();
  readonly #turned = new Map<Known, Known>();
  /** What a name stands for: a name is given once. */
  readonly #named = new Map<string, { readonly tensor: Known | string; readonly value: Value }>();
  readonly #paths = new Set<string>();
  readonly #claims = new Map<string, { readonly byOwner: Map<Known | string, string>; next: number }>();

  constructor(graph: Graph, folding: Folding, readers: Source['readers']) {
    this.#graph = graph;
    this.#folding = folding;
    this.#readers = readers;
  }

  value(known: Known): Value {
    const value = this.#values.get(known) ?? this.#constant(known);
    this.#values.set(known, value);
    return isRepeated(known) ? expand(value, known.shape) : value;
  }

  /** A parameter stays as the file has it, so that it can be trained: what its shape is made to be is written after it. */
  #constant(known: Known): Value {
    const { unshaped = known } = known;
    const trainable = unshaped.dtype === 'float32' && unshaped.elements.length > 1;
    const name = trainable ? parameterName(unshaped.name) : undefined;
    if (name === undefined) return this.#graph.constant(tensorOf(known));
    return reshape(this.named(unshaped, name), known.stored);
  }

  /** The tensor under a name; nameless where another one has it already. */
  named(known: Known, name: string): Value {
    const tensor = known.origin ?? known;
    const existing = this.#named.get(name);
    if (existing?.tensor === tensor) return existing.value;
    // A tensor of its own: the graph knows constants by their tensor, and two modules may share one in the file.
    const value = this.#graph.constant({ ...tensorOf(known) }, existing === undefined ? name : undefined);
    if (existing === undefined) this.#named.set(name, { tensor, value });
    return value;
  }

  /** A matrix (in, out), as MatMul takes it, the way PyTorch keeps it: (out, in). */
  turned(known: Known): Known {
    const turned = this.#turned.get(known) ?? this.#folding.transpose(known, [1, 0]);
    this.#turned.set(known, turned);
    return turned;
  }

  /** The module that a node with this weight computes; no two weights share a path. */
  modulePath(node: SourceNode, weight: Known): string {
    const added = node.op === 'MatMul' ? this.#readers(node.outputs[0] ?? '').filter(({ op }) => op === 'Add') : [];
    const biases = [...node.inputs.slice(2, 3), ...added.flatMap(({ inputs }) => inputs.slice(0, 2))];
    return this.#claim(modulePath(node, { weight: weight.origin, biases }), weight.origin ?? weight);
  }

  #claim(path: string, owner: Known | string): string {
    const claims = this.#claims.get(path) ?? { byOwner: new Map<Known | string, string>(), next: 2 };
    this.#claims.set(path, claims);
    let unique = claims.byOwner.get(owner) ?? path;
    while (!claims.byOwner.has(owner) && this.#paths.has(unique)) unique = `${path}_${claims.next++}`;
    claims.byOwner.set(owner, unique);
    this.#paths.add(unique);
    return unique;
  }
}
