/** An ONNX model of images as it lies in its file: one image input, what is wanted of it, and the nodes between them. */
import type { Decoded, DecodedModel, TensorProto, ValueInfoProto } from '../../formats/onnx-proto.ts';
import { tensorFromProto } from '../../formats/onnx-tensor.ts';
import type { TensorSource } from '../../formats/onnx-tensor.ts';
import { printable } from '../../formats/printable.ts';
import { InputError } from '../../shared/errors.ts';
import type { Place } from '../../shared/errors.ts';
import { flatten, opsetOf } from './functions.ts';
import type { SourceNode } from './functions.ts';
import { inRunningOrder } from './node-order.ts';
import { MAX_OPSET, MAX_SIDE, MIN_OPSET } from './limits.ts';
import { knownTensor } from './operand.ts';
import type { Known } from './operand.ts';

export interface Source {
  /** Those that the outputs need, in the order they run. */
  readonly nodes: readonly SourceNode[];
  readonly input: string;
  readonly outputs: readonly string[];
  /** Undefined where the file leaves it open. */
  readonly height: number | undefined;
  readonly width: number | undefined;
  /** Exported for one image at a time: sizes may be written with a 1 where the batch should be. */
  readonly fixedBatch: boolean;
  /** A tensor of the file; undefined if it has none of that name. */
  readonly initializer: (name: string) => Known | undefined;
  /** Nodes that read a value. */
  readonly readers: (name: string) => readonly SourceNode[];
  readonly place: Place;
}

/** float32, float16, double, bfloat16 of `TensorProto.DataType`. */
const FLOATS: readonly number[] = [1, 10, 11, 16];

/** What lies before the model's first output: its nodes, and the tensors of the file. */
export interface Whole {
  readonly nodes: readonly SourceNode[];
  readonly output: string;
  readonly initializer: Source['initializer'];
  readonly place: Place;
}

/** `cut` names values to read in the place of the model's first output. */
export function readSource(
  model: DecodedModel,
  files: TensorSource,
  cut: (whole: Whole) => readonly string[] = ({ output }) => [output],
): Source {
  const place: Place = files.file === undefined ? {} : { file: files.file };
  const { graph } = model;
  const opset = opsetOf(model.opsetImport) ?? 0;
  if (!(opset >= MIN_OPSET && opset <= MAX_OPSET)) {
    throw new InputError(
      `opset ${opset} is not supported; export it again with one of ${MIN_OPSET} to ${MAX_OPSET}`,
      place,
    );
  }
  const initializers = new Map(graph.initializer.map((tensor) => [tensor.name ?? '', tensor]));
  const output = graph.output[0]?.name ?? '';
  const initializer = remembered(initializers, files);
  const flat = inRunningOrder(flatten(graph.node, model.functions, opset, place), place);
  const whole = liveNodes(flat, [output], place);
  const outputs = cut({ nodes: whole, output, initializer, place });
  const nodes = liveNodes(whole, outputs, place);
  const readers = readersOf(nodes);
  const candidates = graph.input.filter(({ name = '' }) => !initializers.has(name));
  const inputs = candidates.filter(({ name = '' }) => readers.has(name));
  if (inputs.length !== 1) {
    const names = candidates.map(({ name = '' }) => printable(name)).join(', ');
    throw new InputError(`an image classifier has one input; this model reads ${inputs.length} of [${names}]`, place);
  }
  return {
    nodes,
    input: inputs[0]!.name!,
    outputs,
    ...imageShape(inputs[0]!, place),
    initializer,
    readers: (name) => readers.get(name) ?? [],
    place,
  };
}

/** Each tensor is read when something asks for it, once. */
function remembered(
  initializers: ReadonlyMap<string, Decoded<TensorProto>>,
  files: TensorSource,
): Source['initializer'] {
  const read = new Map<string, Known>();
  return (name) => {
    const proto = initializers.get(name);
    if (proto === undefined) return undefined;
    const known = read.get(name) ?? knownTensor(tensorFromProto(proto, files), name);
    read.set(name, known);
    return known;
  };
}

/** Nodes stand in the order they run, so one walk from the end finds what the outputs need. */
function liveNodes(nodes: readonly SourceNode[], outputs: readonly string[], place: Place): SourceNode[] {
  const needed = new Set(outputs);
  const live: SourceNode[] = [];
  const written = new Set<string>();
  for (const node of nodes.toReversed()) {
    for (const name of node.outputs) {
      if (name !== '' && written.has(name)) throw new InputError(`two nodes write ${printable(name)}`, place);
      written.add(name);
    }
    if (!node.outputs.some((name) => name !== '' && needed.has(name))) continue;
    live.push(node);
    for (const name of node.inputs) needed.add(name);
  }
  return live.reverse();
}

function readersOf(nodes: readonly SourceNode[]): Map<string, SourceNode[]> {
  const readers = new Map<string, SourceNode[]>();
  for (const node of nodes) {
    for (const name of node.inputs) {
      const known = readers.get(name);
      if (known === undefined) readers.set(name, [node]);
      else known.push(node);
    }
  }
  return readers;
}

function imageShape(
  { name, type }: Decoded<ValueInfoProto>,
  place: Place,
): Pick<Source, 'height' | 'width' | 'fixedBatch'> {
  const field = `input ${printable(name ?? '')}`;
  const { elemType = 0, shape } = type?.tensorType ?? {};
  if (!FLOATS.includes(elemType)) {
    throw new InputError('must take floating-point pixels; cut off what converts them before it', { ...place, field });
  }
  const lengths = shape?.dim.map(({ dimValue, dimParam }) => (dimParam === undefined ? length(dimValue) : undefined));
  const [batch, channels, height, width] = lengths ?? [];
  if (lengths?.length !== 4 || (channels ?? 3) !== 3 || Math.max(height ?? 1, width ?? 1) > MAX_SIDE) {
    const told = lengths?.map((dim) => dim ?? '?').join(', ') ?? 'unknown';
    throw new InputError(`must be images [batch, 3, height, width], not [${told}]`, { ...place, field });
  }
  if (batch !== undefined && batch !== 1) {
    const message = `is fixed to batches of ${batch}; export it with a dynamic batch, or with a batch of 1`;
    throw new InputError(message, { ...place, field });
  }
  return { height, width, fixedBatch: batch === 1 };
}

/** 0 and −1 stand for "unknown" in files of some exporters. */
function length(value: number | bigint | undefined): number | undefined {
  const number = Number(value ?? 0);
  return number > 0 ? number : undefined;
}
