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
  /** What a person should know who trains it, one line each. */
  readonly notes?: readonly string[] | undefined;
  /** Of a detector, whose graph has the outputs of its branches instead of `LOGITS`; undefined for a classifier. */
  readonly detection?: Detection | undefined;
}

/** In pixels. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

/** What the outputs of a detector mean: raw, before anything is decoded. Anchors are the cells of the levels, row by row, fine levels first. */
export interface Detection {
  /** Of each level, in pixels. */
  readonly strides: readonly number[];
  /** Logits of a distribution over the distances 0 … regMax − 1 (in strides) to each side of a box; 1 where the distance itself is told. */
  readonly regMax: number;
  readonly classes: number;
  /** One, or those of an end-to-end detector: the last one is what it predicts with. */
  readonly branches: readonly DetectionBranch[];
  /** The same network for images of another size, over the same tensors. Throws an `InputError` for one that the strides do not divide. */
  readonly atSize: (size: ImageSize) => Graph;
}

/** Learns from many anchors a box and needs non-maximum suppression, or from one anchor a box and needs none. */
export interface DetectionBranch {
  readonly name: 'one2many' | 'one2one';
  /** The output [B, 4·regMax, anchors]: for left, top, right, bottom. */
  readonly boxes: string;
  /** The output [B, classes, anchors], logits. */
  readonly scores: string;
  /** Paths of the convolutions that write the scores, one a level. */
  readonly heads: readonly string[];
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
