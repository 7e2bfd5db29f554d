/**
 * How long a graph takes to run: matrix work by this machine's own rate of matrix products, what is left by its memory traffic, and a
 * little for each node. The constants are ratios to rates measured beside them (engines/calibrate.ts), so they carry over to other
 * machines; they were fitted to single steps of ViTs of widths 128 to 768 and of ResNet-18, ranks 8 to 64, batches 2 to 32, by
 * ONNX Runtime 1.30 on one thread (docs/performance.md has the errors).
 */
import type { NodeCost } from '../graph/cost.ts';
import type { Node } from '../graph/ir.ts';
import { bind } from '../graph/shape.ts';
import type { Bindings } from '../graph/shape.ts';
import { sizeOf } from '../graph/tensor.ts';
import type { MachineRates } from '../shared/plan.ts';

/** Rate of ops that multiply matrices over that of square products of 1024, where no side is short. */
const MATRIX_RATE: Readonly<Record<string, number>> = { Gemm: 1.1, MatMul: 1, Conv: 1.25, ConvTranspose: 1 };

/** A product whose shortest side is this long runs at half its rate: panels are cut to registers, and what is read is used less often. */
const HALF_RATE_SIDE = 24;

/** Traffic of ops that compute or scatter more than they move, over that of a multiplication; 1 where it is not listed. */
const TRAFFIC_RATE: Readonly<Record<string, number>> = {
  Gelu: 0.4,
  Softmax: 0.6,
  LayerNormalization: 0.45,
  Transpose: 0.45,
  Concat: 0.7,
  Pad: 0.3,
  MaxPool: 0.1,
  ScatterElements: 0.25,
  Expand: 0.4,
};

/** Ops that ONNX Runtime runs on one thread, whatever it is given. */
const SERIAL = new Set(['Concat', 'Expand', 'Gather', 'Pad', 'ScatterElements', 'Slice']);

/** Choosing a kernel, its shapes and its memory; for what only changes a shape too. */
const NODE_SECONDS = 2e-6;

export function secondsOf(costs: ReadonlyMap<Node, NodeCost>, rates: MachineRates, bindings: Bindings): number {
  let seconds = 0;
  for (const [node, cost] of costs) seconds += nodeSeconds(node, cost, rates, bindings);
  return seconds;
}

function nodeSeconds(node: Node, { flops, bytes }: NodeCost, rates: MachineRates, bindings: Bindings): number {
  const matrix = MATRIX_RATE[node.op];
  const traffic = bytes / ((SERIAL.has(node.op) ? rates.serialBytes : rates.bytes) * (TRAFFIC_RATE[node.op] ?? 1));
  if (matrix === undefined || flops === 0) return NODE_SECONDS + traffic;
  const shortened = 1 + HALF_RATE_SIDE / shortestSide(node, flops, bindings);
  return NODE_SECONDS + Math.max((flops * shortened) / (rates.flops * matrix), traffic);
}

/** Of the three sides of the product (of each one, where a batch of them is computed). */
function shortestSide({ op, inputs, outputs }: Node, flops: number, bindings: Bindings): number {
  const out = bind(outputs[0]!.shape, bindings);
  if (op === 'Gemm' || op === 'MatMul') {
    const [rows, columns] = out.slice(-2) as [number, number];
    return Math.min(rows, columns, flops / (2 * sizeOf(out)));
  }
  // Of a convolution: channels out, channels in times the kernel's window, pixels. Transposed, in and out change places.
  const [first, second, ...window] = bind(inputs[1]!.shape, bindings) as [number, number, ...number[]];
  const pixels = sizeOf(out) / out[1]!;
  const [short, long] = op === 'Conv' ? [first, second] : [second, first];
  return Math.min(short, long * sizeOf(window), pixels);
}
