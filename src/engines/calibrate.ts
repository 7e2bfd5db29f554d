/**
 * What this machine reaches with one of its engines, measured inside graphs as a training step is one: the rate of large matrix products
 * and the traffic of element-wise ops. Takes about 0.4 s on two cores; the planner counts in these rates, so its constants
 * hold on other machines too.
 */
import { matmul, mul, reduceSum } from '../graph/build.ts';
import { createGraph } from '../graph/registry.ts';
import { float32, sizeOf } from '../graph/tensor.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { MachineRates } from '../shared/plan.ts';
import type { Engine } from './engine.ts';

const SIDE = 1024;
const PRODUCTS = 2;
/** Element-wise tensors of 4 MB, what a small model's layers pass on; together more than the caches of most processors. */
const ELEMENTS = 2 ** 20;
const OPERANDS = 16;
/** Runs are repeated this long; the fastest counts, since whatever else the machine does only slows one down. */
const MILLISECONDS = { flops: 160, bytes: 60 } as const;

const measured = new Map<string, Promise<MachineRates>>();

/** Measured once a process for each engine and number of threads. */
export function machineRates(engine: Engine, threads: number): Promise<MachineRates> {
  const key = `${engine.name} ${threads}`;
  const rates = measured.get(key) ?? measureRates(engine, threads);
  measured.set(key, rates);
  return rates;
}

/** Milliseconds. */
export type Clock = () => number;

export async function measureRates(
  engine: Engine,
  threads: number,
  clock: Clock = () => performance.now(),
): Promise<MachineRates> {
  // One after the other: each is to have the machine for itself.
  const flops = await productRate(engine, threads, clock);
  const bytes = await trafficRate(engine, threads, clock);
  return { flops, bytes, serialBytes: threads === 1 ? bytes : await trafficRate(engine, 1, clock) };
}

/** What is slower than this is no graphics card but a processor that plays one; to measure it well would take minutes. */
const EMULATED_FLOPS = 10e9;
const SMALL_SIDE = 256;

/** As `measureRates`, but of an engine that may be very slow: then a small product stands for all rates. */
export async function measureUnknown(engine: Engine, threads: number): Promise<MachineRates> {
  const flops = await productRate(engine, threads, () => performance.now(), SMALL_SIDE);
  return flops < EMULATED_FLOPS ? { flops, bytes: flops, serialBytes: flops } : await measureRates(engine, threads);
}

async function productRate(engine: Engine, threads: number, clock: Clock, side = SIDE): Promise<number> {
  // Of mixed signs and of a size that keeps the products in range: denormals and infinities are not as fast as the numbers of a model.
  const square = (): Tensor => filled([side, side], (index) => ((index * 7919) % 1009) / 1009 - 0.5);
  const graph = createGraph();
  let y = graph.input('x', [side, side]);
  for (let index = 0; index < PRODUCTS; index++) y = matmul(y, graph.constant(square()));
  // One number comes back: copying a product to the host would count as work.
  graph.output('y', reduceSum(y, { axes: [0, 1] }));
  const program = await engine.compile(graph, { threads });
  const start = square();
  const seconds = await fastest(() => program.run({ x: start }), MILLISECONDS.flops, clock);
  await program.release();
  return (PRODUCTS * 2 * side ** 3) / seconds;
}

async function trafficRate(engine: Engine, threads: number, clock: Clock): Promise<number> {
  const graph = createGraph();
  const names = Array.from({ length: OPERANDS }, (_, index) => `x${index}`);
  const [first, ...rest] = names.map((name) => graph.input(name, [ELEMENTS]));
  graph.output('y', reduceSum(rest.reduce(mul, first!), { axes: [0] }));
  const program = await engine.compile(graph, { threads });
  const ones = new Float32Array(OPERANDS * ELEMENTS).fill(1);
  const feeds = Object.fromEntries(
    names.map((name, index) => [name, float32([ELEMENTS], ones.subarray(index * ELEMENTS, (index + 1) * ELEMENTS))]),
  );
  const seconds = await fastest(() => program.run(feeds), MILLISECONDS.bytes, clock);
  await program.release();
  // Two operands and a result each, and the operand of the sum.
  return ((3 * (OPERANDS - 1) + 1) * ELEMENTS * Float32Array.BYTES_PER_ELEMENT) / seconds;
}

/** Seconds of the fastest run after the first, which allocates. */
async function fastest(run: () => Promise<unknown>, milliseconds: number, clock: Clock): Promise<number> {
  await run();
  let best = Infinity;
  const end = clock() + milliseconds;
  do {
    const started = clock();
    await run();
    best = Math.min(best, clock() - started);
  } while (clock() < end);
  return best / 1000;
}

function filled(shape: readonly number[], value: (index: number) => number): Tensor {
  return float32(
    shape,
    new Float32Array(sizeOf(shape)).map((_, index) => value(index)),
  );
}
