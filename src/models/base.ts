/** A pretrained model as Lowrank sees it: a graph from preprocessed pixels to logits, and what a person and a file need to know of it. */
import type { Graph, Node } from '../graph/ir.ts';
import type { Preprocessing } from '../shared/preprocessing.ts';

/** The name of every base's image input: float32 [B, 3, height, width], rescaled and normalised. */
export const PIXELS = 'pixel_values';
/** The name of every base's output: float32 [B, classes]. */
export const LOGITS = 'logits';
/** The batch dimension. */
export const BATCH = 'B';

export interface Base {
  /** What a person calls it: a folder's or a file's name, or the hub's `owner/name`. */
  readonly name: string;
  /** `vit`, `resnet`, …, or `onnx`. */
  readonly family: string;
  readonly identity: BaseIdentity;
  /**
   * `PIXELS` → `LOGITS`. Constants carry the names of the state dict; nodes that compute a module carry its path, and an adapter may go
   * wherever such a node is a Linear, a Conv or a Gather (an embedding).
   */
  readonly graph: Graph;
  /** Paths of the modules that write the logits, each a Linear (or 1×1 Conv) with one row a class; distilled models average two. */
  readonly heads: readonly string[];
  /** Class names in the order of the logits; undefined where the base does not tell. */
  readonly labels: readonly string[] | undefined;
  readonly preprocessing: Preprocessing;
  /** Other paths modules are known by, old → the canonical one. */
  readonly aliases: ReadonlyMap<string, string>;
}

/** What an adapter names, and is checked against. */
export interface BaseIdentity {
  /** As given in the job: a path, or `hf:owner/name`. */
  readonly source: string;
  /** The hub's commit, where it came from there. */
  readonly revision?: string | undefined;
  /** Of the weights. */
  readonly sha256: string;
  /** An ONNX export whose BatchNorm was folded into its convolutions: an adapter is relative to the folded weights. */
  readonly fusedBatchNorm: boolean;
}

/** Nodes by module path; a module that runs twice has two. */
export function moduleNodes(graph: Graph): Map<string, Node[]> {
  const nodes = new Map<string, Node[]>();
  for (const node of graph.nodes) {
    if (node.module !== undefined) nodes.set(node.module, [...(nodes.get(node.module) ?? []), node]);
  }
  return nodes;
}
