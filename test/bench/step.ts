/**
 * One training step of ours, whole: images on the host to updated values. Run as a process of its own, so that its start and its memory
 * are those of a trainer; prints the same JSON line as test/parity/bench_peft.py.
 */
import { float32, zeros } from '../../src/graph/tensor.ts';
import { createGraph } from '../../src/graph/registry.ts';
import { matmul, reduceSum } from '../../src/graph/build.ts';
import { nameOf } from '../../src/graph/ir.ts';
import type { Graph } from '../../src/graph/ir.ts';
import { splitFrozen } from '../../src/graph/passes/split-frozen.ts';
import { countCost } from '../../src/graph/cost.ts';
import { chooseEngine } from '../../src/engines/choose.ts';
import type { Program, Tensors } from '../../src/engines/engine.ts';
import { initialise } from '../../src/lora/state.ts';
import { BATCH } from '../../src/models/base.ts';
import { openBase } from '../../src/models/open-base.ts';
import { jobSchema } from '../../src/shared/job.ts';
import { inputSize } from '../../src/shared/preprocessing.ts';
import { Random } from '../../src/shared/random.ts';
import { FEATURES } from '../../src/trainer/frozen-features.ts';
import { compileStep } from '../../src/trainer/compile-step.ts';
import { IMAGES, LABELS, trainingGraph, WEIGHTS } from '../../src/trainer/step.ts';
import { inPrecision } from '../../src/trainer/precision.ts';
import type { Precision } from '../../src/trainer/precision.ts';
import { Training } from '../../src/trainer/training.ts';

export interface StepOptions {
  readonly model: string;
  readonly method: 'lora' | 'full';
  readonly targets: 'qv' | 'all' | 'last2';
  readonly batch: number;
  readonly rank: number;
  readonly steps: number;
  readonly warmup: number;
  readonly threads: number;
  /** The CPU's by default. */
  readonly engine?: string;
  readonly precision?: Precision;
  /** Folder for what XLA compiles; left out XLA is off. */
  readonly xlaCache?: string;
}

export interface StepFigures {
  readonly images_per_second: number;
  /** From the start of the process to the end of its first step, and what of it had passed when the graph was written and when it was loaded. */
  readonly seconds_to_first_step: number;
  readonly seconds_to_graph: number;
  readonly seconds_to_load: number;
  readonly peak_rss_mb: number;
  readonly step_ms: number;
  /** The step's matrix products and convolutions by its time, over the rate of 1024³ products on the same threads, taking turns. */
  readonly matmul_share: number;
  readonly matmul_gflops: number;
}

const RATE_SIDE = 1024;
const RATE_PRODUCTS = 4;
const RATE_RUNS = 3;
const TURNS = 6;
/** Each step updates. */
const TURN = { updates: true, learningRate: 1e-4, clip: 0 };
/** What is counted as matrix work; all else is overhead. */
const MATRIX_OPS = ['Gemm', 'MatMul', 'Conv', 'ConvTranspose'];

export async function measureStep(options: StepOptions): Promise<StepFigures> {
  const { model, method, targets, batch, rank, threads } = options;
  const engine = chooseEngine(options.engine ?? 'onnxruntime-cpu', { xlaCache: options.xlaCache });
  const base = await openBase(model);
  const last = [...base.graph.nodes]
    .flatMap(({ module }) => /\.layers\.(\d+)\./.exec(module ?? '')?.[1] ?? [])
    .map(Number);
  const blocks = Math.max(...last);
  const classes = base.labels ?? Array.from({ length: 10 }, (_, index) => `class ${index}`);
  const job = jobSchema.parse({
    data: '.',
    base: model,
    method,
    lora: {
      rank,
      alpha: 2 * rank,
      ...(targets === 'qv' ? { targetModules: ['q_proj', 'v_proj'] } : {}),
      ...(targets === 'last2' ? { layersToTransform: [blocks - 1, blocks] } : {}),
    },
    threads,
  });
  const initial = initialise(base, job, classes);
  engine.prepare?.({ threads });
  const { preprocessing } = base;
  const scaled = options.precision === 'fp16';
  const stepOptions = { preprocessing, alignment: engine.alignment, batch, labelSmoothing: 0, scaled, gpu: engine.gpu };
  const whole = trainingGraph(initial.adapted.graph, stepOptions);
  const precision = options.precision ?? 'fp32';
  const images = whole.inputs.find((input) => nameOf(input) === IMAGES)!;
  const split = targets === 'last2' ? splitFrozen(whole, images, FEATURES, BATCH) : undefined;
  const graph = split?.top ?? whole;
  const seconds_to_graph = performance.now() / 1000;
  const program = await compileStep(inPrecision(graph, precision), { engine, job, initial }, { threads });
  const seconds_to_load = performance.now() / 1000;
  const training = Training.start({ job, initial, precision }, program.state);
  await training.begin();
  const feeds: Tensors = {
    ...(split === undefined
      ? pixels(batch, inputSize(preprocessing), engine.sharesMemory === true)
      : features(batch, split.shape)),
    [LABELS]: {
      dtype: 'int32',
      shape: [batch],
      data: Int32Array.from({ length: batch }, (_, i) => i % classes.length),
    },
    [WEIGHTS]: float32([batch], new Float32Array(batch).fill(1 / batch)),
  };
  const step = async (): Promise<number> => {
    const started = performance.now();
    await program.run({ ...feeds, ...training.feeds(TURN) }, training.results);
    training.accumulate();
    if (Number.isFinite(training.gradientNorm())) training.update(TURN.learningRate, 1);
    else training.skip({ epoch: 0, batch: 0 });
    return performance.now() - started;
  };
  await step();
  const starts = { seconds_to_first_step: performance.now() / 1000, seconds_to_graph, seconds_to_load };
  const peak_rss_mb = (): number => process.resourceUsage().maxRSS / 1024;
  for (let index = 1; index < options.warmup; index++) await step();
  const times: number[] = [];
  for (let index = 0; index < options.steps; index++) times.push(await step());
  // Before the products below take memory of their own.
  const rss = peak_rss_mb();
  if (engine.gpu === true) return { ...figures(batch, times), ...starts, peak_rss_mb: rss, ...NO_RATE };
  const flops = matrixFlops(graph, batch);
  const products = await matmulRate(threads);
  const rates: number[] = [];
  const shares: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const rate = await products();
    rates.push(rate);
    shares.push(flops / (await step()) / 1e6 / rate);
  }
  return {
    ...figures(batch, times),
    ...starts,
    peak_rss_mb: rss,
    matmul_share: median(shares),
    matmul_gflops: median(rates),
  };
}

/** The rate of the processor's products says nothing of a GPU's step. */
const NO_RATE = { matmul_share: NaN, matmul_gflops: NaN };

function figures(batch: number, times: readonly number[]): Pick<StepFigures, 'images_per_second' | 'step_ms'> {
  return { images_per_second: (batch / median(times)) * 1000, step_ms: median(times) };
}

function matrixFlops(graph: Graph, batch: number): number {
  const { byOp } = countCost(graph, { [BATCH]: batch });
  return MATRIX_OPS.reduce((sum, op) => sum + (byOp.get(op)?.flops ?? 0), 0);
}

/** In memory that threads share where the trainer has its batches there too (src/trainer/ahead.ts). */
function pixels(batch: number, { height, width }: { height: number; width: number }, shared: boolean): Tensors {
  const random = new Random(1);
  const row = Uint8Array.from({ length: width * 3 + 1 }, () => random.int(256));
  const size = batch * height * width * 3;
  const data = new Uint8Array(shared ? new SharedArrayBuffer(size) : new ArrayBuffer(size));
  for (let start = 0; start < size; start += row.length) data.set(row.subarray(0, size - start), start);
  return { [IMAGES]: { dtype: 'uint8', shape: [batch, height, width, 3], data } };
}

function features(batch: number, shape: readonly number[]): Tensors {
  const random = new Random(1);
  const tensor = zeros('float32', [batch, ...shape]);
  for (let index = 0; index < tensor.data.length; index++) tensor.data[index] = random.normal();
  return { [FEATURES]: tensor };
}

/** Measures GFLOP/s of products of square matrices with constant right sides, inside one graph: what the engine can do at best. */
async function matmulRate(threads: number): Promise<() => Promise<number>> {
  const graph = createGraph();
  const shape = [RATE_SIDE, RATE_SIDE];
  const random = new Random(2);
  const square = () =>
    float32(
      shape,
      Float32Array.from({ length: RATE_SIDE ** 2 }, () => random.normal() / 32),
    );
  const x = graph.input('x', shape);
  let y = x;
  for (let index = 0; index < RATE_PRODUCTS; index++) y = matmul(y, graph.constant(square()));
  graph.output('y', reduceSum(y, { axes: [0, 1] }));
  const program: Program = await chooseEngine('onnxruntime-cpu').compile(graph, { threads });
  const feeds = { x: square() };
  await program.run(feeds);
  return async () => {
    const times: number[] = [];
    for (let run = 0; run < RATE_RUNS; run++) {
      const started = performance.now();
      await program.run(feeds);
      times.push(performance.now() - started);
    }
    return (RATE_PRODUCTS * 2 * RATE_SIDE ** 3) / median(times) / 1e6;
  };
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
