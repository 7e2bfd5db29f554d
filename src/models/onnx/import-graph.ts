/** An ONNX graph, node by node, as a graph of ours: shape arithmetic is done on the way, and what remains computes the logits. */
import type { TensorSource } from '../../formats/onnx-tensor.ts';
import { printable } from '../../formats/printable.ts';
import type { Graph, Value } from '../../graph/ir.ts';
import { createGraph } from '../../graph/registry.ts';
import { elements, formatShape, ShapeError, symbol } from '../../graph/shape.ts';
import { InputError } from '../../shared/errors.ts';
import { BATCH, PIXELS } from '../base.ts';
import type { ImageSize } from '../base.ts';
import { Folding } from './folding.ts';
import type { SourceNode } from './functions.ts';
import { fused } from './fusions/index.ts';
import { MAX_ACTIVATION, MAX_RANK } from './limits.ts';
import type { Operand } from './operand.ts';
import { Parameters } from './parameters.ts';
import type { Source } from './source.ts';
import { TRANSLATORS } from './translate/index.ts';
import { Site } from './translate/site.ts';
import type { Translation, Translator } from './translate/site.ts';

interface Imported {
  readonly graph: Graph;
  /** In the order of the source's outputs; the caller gives them their names. */
  readonly outputs: readonly Value[];
}

/** `PIXELS` → the source's outputs. Throws InputError naming the node that cannot be translated. */
export function importGraph(source: Source, files: TensorSource, { height, width }: ImageSize): Imported {
  const graph = createGraph();
  const folding = new Folding();
  const parameters = new Parameters(graph, folding, source.readers);
  const translation: Translation = { graph, folding, parameters, fixedBatch: source.fixedBatch, files };
  const pixels = graph.input(PIXELS, [symbol(BATCH), 3, height, width]);
  const operands = new Map<string, Operand>([[source.input, pixels]]);

  const read = (name: string, node: SourceNode): Operand | undefined => {
    if (name === '') return undefined;
    const operand = operands.get(name) ?? source.initializer(name);
    if (operand === undefined) throw fault(node, source, `reads ${printable(name)}, which nothing before it writes`);
    if (!operands.has(name) && 'elements' in operand) folding.allow(operand);
    operands.set(name, operand);
    return operand;
  };
  for (const node of source.nodes) {
    const translate = TRANSLATORS.get(node.op) ?? unsupported(node, source);
    const results = attempt(node, source, () => {
      const site = new Site(
        translation,
        node,
        node.inputs.map((name) => read(name, node)),
      );
      return translate(site).map(finished);
    });
    for (const [index, result] of results.entries()) {
      const name = node.outputs[index] ?? '';
      if (name !== '') operands.set(name, result);
    }
  }
  const outputs = source.outputs.map((name) => {
    const value = operands.get(name);
    if (value !== undefined && !('kind' in value)) return value;
    throw new InputError(`its output ${printable(name)} does not depend on the image`, source.place);
  });
  return { graph, outputs };
}

/** Runs a translation; what it refuses is told with the node. */
function attempt<T>(node: SourceNode, source: Source, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof ShapeError) throw fault(node, source, `${node.op}: ${error.message}`);
    throw error;
  }
}

function fault(node: SourceNode, { place }: Source, message: string): InputError {
  return new InputError(message, { ...place, field: `node ${titleOf(node)}` });
}

const QUANTISED = ['QuantizeLinear', 'DequantizeLinear', 'DynamicQuantizeLinear', 'ConvInteger', 'QLinearConv'];

function unsupported(node: SourceNode, { place }: Source): Translator {
  if (QUANTISED.includes(node.op))
    throw new InputError(
      'its weights are integers, which nothing can be trained on; name the model it was made from',
      place,
    );
  const supported = [...TRANSLATORS.keys()].sort().join(', ');
  throw new InputError(
    `node ${titleOf(node)} uses ${node.op}, which cannot be translated and differentiated; supported are ${supported}`,
    place,
  );
}

function titleOf({ name, outputs }: SourceNode): string {
  return printable(name === '' ? `that writes ${outputs[0] ?? 'nothing'}` : name);
}

function finished(operand: Operand): Operand {
  return 'kind' in operand ? operand : fused(checkedValue(operand));
}

function checkedValue(value: Value): Value {
  const { shape } = value;
  const total = elements(shape);
  const sound = shape.every((dim) => {
    const length = typeof dim === 'number' ? dim : dim.factor;
    return Number.isInteger(length) && length > 0;
  });
  if (!sound || shape.length > MAX_RANK || (typeof total === 'number' ? total : total.factor) > MAX_ACTIVATION) {
    throw new ShapeError(`makes a tensor ${formatShape(shape)}`);
  }
  return value;
}
