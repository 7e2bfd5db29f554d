/** Local functions of a model (the dynamo exporter's, when told not to optimize) are replaced by their bodies. */
import type { AttributeProto, Decoded, FunctionProto, NodeProto } from '../../formats/onnx-proto.ts';
import { printable } from '../../formats/printable.ts';
import { InputError } from '../../shared/errors.ts';
import type { Place } from '../../shared/errors.ts';
import { MAX_FUNCTION_DEPTH, MAX_NODES } from './limits.ts';

/** One node of the flat graph. */
export interface SourceNode {
  /** As ONNX names it, with the domain where that is not its own: `com.microsoft::FusedMatMul`. */
  readonly op: string;
  readonly name: string;
  /** '' for an absent optional one. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Decoded<AttributeProto>>;
  readonly metadata: ReadonlyMap<string, string>;
  /** Version of ONNX's own operators. */
  readonly opset: number;
}

/** Where a body stands: what its names and its attributes mean outside. */
interface Call {
  readonly rename: (name: string) => string;
  readonly attributes: ReadonlyMap<string, Decoded<AttributeProto>>;
  readonly opset: number;
  readonly depth: number;
}

type Opsets = readonly { readonly domain?: string; readonly version?: number | bigint }[];

export function flatten(
  nodes: readonly Decoded<NodeProto>[],
  functions: readonly Decoded<FunctionProto>[],
  opset: number,
  place: Place,
): SourceNode[] {
  const byKey = new Map(functions.map((fn) => [keyOf(fn.domain, fn.name, fn.overload), fn]));
  const flat: SourceNode[] = [];
  let calls = 0;
  const append = (body: readonly Decoded<NodeProto>[], call: Call): void => {
    for (const node of body) {
      const own = attributesOf(node, call);
      const fn = byKey.get(keyOf(node.domain, node.opType, node.overload));
      if (fn === undefined) flat.push(sourceNode(node, own, call));
      else append(fn.node, enter(fn, node, own, call, `${printable(fn.name ?? '')}#${calls++}/`, place));
      if (flat.length + calls > MAX_NODES) throw new InputError(`more than ${MAX_NODES} nodes`, place);
    }
  };
  append(nodes, { rename: (name) => name, attributes: new Map(), opset, depth: 0 });
  return flat;
}

/** The version of ONNX's own operators, under either of its names. */
export function opsetOf(imports: Opsets): number | undefined {
  const own = imports.find(({ domain = '' }) => isOwn(domain));
  return own && Number(own.version ?? 0);
}

function enter(
  fn: Decoded<FunctionProto>,
  node: Decoded<NodeProto>,
  given: Call['attributes'],
  outside: Call,
  prefix: string,
  place: Place,
): Call {
  if (outside.depth >= MAX_FUNCTION_DEPTH) {
    throw new InputError(`function ${printable(fn.name ?? '')} calls functions too deeply, or itself`, place);
  }
  const names = new Map<string, string>();
  for (const [index, name] of fn.input.entries()) names.set(name, outside.rename(node.input[index] ?? ''));
  for (const [index, name] of fn.output.entries()) {
    const result = node.output[index] ?? '';
    if (result !== '') names.set(name, outside.rename(result));
  }
  const defaults = fn.attributeProto.map((attribute) => [attribute.name ?? '', attribute] as const);
  return {
    rename: (name) => (name === '' ? '' : (names.get(name) ?? prefix + name)),
    attributes: new Map([...defaults, ...given]),
    opset: opsetOf(fn.opsetImport) ?? outside.opset,
    depth: outside.depth + 1,
  };
}

function sourceNode(node: Decoded<NodeProto>, attributes: SourceNode['attributes'], call: Call): SourceNode {
  const domain = node.domain ?? '';
  const op = printable(node.opType ?? '');
  return {
    op: isOwn(domain) ? op : `${printable(domain)}::${op}`,
    name: node.name ?? '',
    inputs: node.input.map(call.rename),
    outputs: node.output.map(call.rename),
    attributes,
    metadata: new Map(node.metadataProps.map(({ key = '', value = '' }) => [key, value])),
    opset: call.opset,
  };
}

/** A body's attribute may stand for one of the call's; where the call has none it is absent. */
function attributesOf(node: Decoded<NodeProto>, call: Call): Map<string, Decoded<AttributeProto>> {
  const attributes = new Map<string, Decoded<AttributeProto>>();
  for (const attribute of node.attribute) {
    const outer = attribute.refAttrName ?? '';
    const meant = outer === '' ? attribute : call.attributes.get(outer);
    if (meant !== undefined) attributes.set(attribute.name ?? '', meant);
  }
  return attributes;
}

function keyOf(domain = '', name = '', overload = ''): string {
  return JSON.stringify([isOwn(domain) ? '' : domain, name, overload]);
}

function isOwn(domain: string): boolean {
  return domain === '' || domain === 'ai.onnx';
}
