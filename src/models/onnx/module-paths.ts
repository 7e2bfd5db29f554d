/**
 * Which module of the original network a node computes. PyTorch's two exporters tell it in different places, and not all of them in one
 * file; the order below is that of trust.
 */
import { printable } from '../../formats/printable.ts';
import type { SourceNode } from './functions.ts';

const SCOPES = 'pkg.torch.onnx.name_scopes';
const FUSED_RULE = 'FuseBatchNormIntoConv';
/** What the TorchScript exporter calls a weight that it has changed. */
const RENAMED = /^(onnx::Conv_)?\d+$/;

export interface LayerNames {
  /** Of the tensor in the file that holds the weight, changed or not. */
  readonly weight: string | undefined;
  /** Of tensors that could be the bias: the third input, or what an Add after a MatMul adds. */
  readonly biases: readonly string[];
}

/** The path in PyTorch's words, `layer1.0.conv1`; the node's own name where none is told. */
export function modulePath(node: SourceNode, { weight, biases }: LayerNames): string {
  // The dynamo exporter keeps a weight's name even where it folded a BatchNorm into it, and its scopes then name the BatchNorm.
  const parameter = [weight, ...biases].find((name) => name !== undefined && /.\.(weight|bias)$/.test(name));
  if (parameter !== undefined) return parameter.replace(/\.(weight|bias)$/, '');
  return clean(pathOfScopes(node.metadata.get(SCOPES)) ?? pathOfNodeName(node.name) ?? nameOf(node));
}

/** `['', 'blocks', 'blocks.0', 'blocks.0.mlp.fc1', 'linear']`: the last is the call, the one before it the module. */
function pathOfScopes(list: string | undefined): string | undefined {
  const scopes = [...(list ?? '').matchAll(/'([^']*)'|"([^"]*)"/g)].map(([, single, double]) => single ?? double ?? '');
  const path = scopes.at(-2) ?? '';
  return path === '' ? undefined : path;
}

/** `/features/features.1/block/block.0/Conv`: a segment that continues the one before it takes its place. */
function pathOfNodeName(name: string): string | undefined {
  const segments = name.split('/').filter((segment) => segment !== '');
  const path: string[] = [];
  for (const segment of segments.slice(0, -1)) {
    if (path.length > 0 && segment.startsWith(`${path.at(-1)!}.`)) path.pop();
    path.push(segment);
  }
  return path.length === 0 ? undefined : path.join('.');
}

function nameOf(node: SourceNode): string {
  return node.name === '' ? `${node.op}.${node.outputs[0] ?? ''}` : node.name;
}

/** Fit for a key of a PEFT file. */
function clean(path: string): string {
  return printable(path).replace(/[^\w.-]+/g, '_');
}

/** Whether the exporter folded a BatchNorm into this convolution: one says so, the other renames weight and bias and nothing else. */
export function isFusedConvolution(node: SourceNode): boolean {
  if (node.op !== 'Conv') return false;
  if ([...node.metadata.values()].some((value) => value.includes(FUSED_RULE))) return true;
  const [, weight = '', bias = ''] = node.inputs;
  return bias === `${weight}_bias` || (RENAMED.test(weight) && RENAMED.test(bias));
}

/** Names that exporters, ours among them, make up for constants, and those of the masks that some networks keep as buffers. */
const NO_PARAMETER = /^(val|constant|float32)_[\w.-]+$|mask$/i;

/** A tensor's name as its key in a state dict, where it looks like a parameter; `onnx::Add_12` and `/Constant_output_0` do not. */
export function parameterName(name: string | undefined): string | undefined {
  if (name === undefined || !/^[A-Za-z_][\w-]*(\.[\w-]+)*$/.test(name) || NO_PARAMETER.test(name)) return undefined;
  return name;
}
