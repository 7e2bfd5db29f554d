/** The step of a detector: two halves with the loss between them give what the graph gives as a whole, and what the loss's own slope says. */
import { describe, expect, it } from 'vitest';
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import type { Program, Tensors } from '../../src/engines/engine.ts';
import { nameOf } from '../../src/graph/ir.ts';
import { float32, zeros } from '../../src/graph/tensor.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import type { Detection } from '../../src/models/base.ts';
import { TARGET_COLUMNS } from '../../src/trainer/detection/assign.ts';
import type { DetectionTargets } from '../../src/trainer/detection/loss.ts';
import { denseTargets } from '../../src/trainer/detection/dense-targets.ts';
import { HeadLoss, sharesOf } from '../../src/trainer/detection/losses.ts';
import { DetectionStep } from '../../src/trainer/detection/program.ts';
import { headOutputs, rawOutputsGraph, seedOf, trainingGraphs } from '../../src/trainer/detection/step.ts';
import { LOSS_PARTS, SHARES, TARGETS, wholeStepGraph } from '../../src/trainer/detection/whole-step.ts';
import type { Precision } from '../../src/trainer/precision.ts';
import { stepGraph } from '../../src/trainer/roots.ts';
import { gradientOf, IMAGES, LOSS_SCALE, WEIGHTS } from '../../src/trainer/step.ts';
import { tinyDetector } from './tiny-detector.ts';

const SIDE = 64;
/** What gradients in half precision are multiplied by. */
const SCALE = 2 ** 5;
const BATCH = 2;
const CLASSES = ['one', 'two', 'three', 'four'];

async function prepared(model: string) {
  const tiny = await tinyDetector(model, { side: SIDE, batch: BATCH, classes: CLASSES, seed: 5 });
  const { job, base, preprocessing, detection, size, adapted, values, images } = tiny;
  const boxes = [
    [1, 4, 6, 40, 38],
    [3, 30, 28, 62, 60],
    [0, 10, 10, 26, 50],
  ];
  const capacity = 2;
  const rows = new Float32Array(BATCH * capacity * TARGET_COLUMNS);
  rows.set(boxes.flat());
  const targets: DetectionTargets = { counts: Int32Array.of(2, 1), rows, weights: Float32Array.of(1, 1) };
  const feeds: Tensors = { ...Object.fromEntries(values), [IMAGES]: images };
  const loss = new HeadLoss(detection, { classes: CLASSES.length, size, batch: BATCH });
  return {
    job,
    base,
    preprocessing,
    detection,
    model: adapted.graph,
    parameters: adapted.parameters,
    feeds,
    values,
    targets,
    loss,
  };
}

type Prepared = Awaited<ReturnType<typeof prepared>>;

const optionsOf = ({ preprocessing }: Prepared) => ({ preprocessing, batch: BATCH });

async function inHalves(of: Prepared): Promise<{ loss: number; gradients: Record<string, Tensor<'float32'>> }> {
  const halves = trainingGraphs(of.model, of.detection, optionsOf(of));
  const step = await DetectionStep.compile(halves, of.loss, { engine: onnxRuntimeCpu, batch: BATCH });
  const gradients = Object.fromEntries(
    of.parameters.map(({ name, shape }) => [gradientOf(name), zeros('float32', shape)]),
  );
  // Twice: the second step writes where the first one did.
  await step.run(of.feeds, of.targets, 0.5, gradients);
  const loss = await step.run(of.feeds, of.targets, 0.5, gradients);
  await step.release();
  return { loss, gradients };
}

/** With the loss in the graph; gradients come times the loss's scale. */
async function asAWhole(of: Prepared, precision: Precision): Promise<Tensors> {
  const graph = wholeStepGraph(of.model, of.detection, { ...optionsOf(of), precision });
  const program = await onnxRuntimeCpu.compile(graph);
  const shares = sharesOf(of.detection.branches.length, 0.5);
  const fed: Tensors = {
    ...of.feeds,
    [TARGETS]: denseTargets(of.targets, of.loss.shape.anchors),
    [WEIGHTS]: float32([BATCH], of.targets.weights),
    [SHARES]: float32([shares.length], shares),
    [LOSS_SCALE]: float32([], [SCALE]),
  };
  const inputs = graph.inputs.map((input) => [nameOf(input)!, fed[nameOf(input)!]!] as const);
  const results = await program.run(Object.fromEntries(inputs));
  await program.release();
  return results;
}

/** Σ raw ∘ seed: what the halves differentiate. The loss itself jumps where an anchor changes hands; loss.test.ts has its gradient. */
async function surrogate({ feeds, loss, detection }: Prepared, program: Program): Promise<number> {
  await program.run(feeds, loss.outputs);
  return headOutputs(detection).reduce((sum, name) => {
    const seeds = loss.seeds[seedOf(name)]!.data;
    return loss.outputs[name]!.data.reduce((part, value, i) => part + value * seeds[i]!, sum);
  }, 0);
}

const largest = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

describe.each(['yolov8', 'yolo11', 'yolo12', 'yolo26'])('the step of %s', (model) => {
  it('has in two halves the gradients that it has as a whole', async () => {
    const of = await prepared(model);
    const { gradients } = await inHalves(of);
    const graph = stepGraph(of, of.model);
    const whole = await onnxRuntimeCpu.compile(graph);
    const seeds = Object.fromEntries(
      headOutputs(of.detection).map((name) => [seedOf(name), of.loss.seeds[seedOf(name)]!]),
    );
    const fed: Tensors = { ...of.feeds, ...seeds };
    const expected = await whole.run(
      Object.fromEntries(graph.inputs.map((input) => [nameOf(input)!, fed[nameOf(input)!]!])),
    );
    for (const [name, { data }] of Object.entries(gradients)) {
      const wanted = expected[name]!.data as Float32Array;
      const difference = largest(data.map((value, i) => value - wanted[i]!));
      // The engine fuses the two forms otherwise and sums in another order: a few units in the last place of the largest part.
      expect(difference, name).toBeLessThanOrEqual(2e-5 * largest(wanted) + 1e-9);
    }
    await whole.release();
  });

  it('has the same gradients with the loss in its graph', async () => {
    const of = await prepared(model);
    const { loss, gradients } = await inHalves(of);
    const results = await asAWhole(of, 'fp32');
    const parts = Object.values(LOSS_PARTS).map((name) => results[name]!.data[0] as number);
    expect(parts.reduce((sum, part) => sum + part, 0) / loss).toBeCloseTo(1, 4);
    for (const [name, { data }] of Object.entries(gradients)) {
      const difference = largest(data.map((value, i) => value - (results[name]!.data[i] as number)));
      // The loss is in float32 here and in float64 on the host: some tens of roundings of the largest part.
      expect(difference, name).toBeLessThanOrEqual(1e-4 * largest(data) + 1e-7);
    }
  });

  it('has gradients that its outputs follow', async () => {
    const of = await prepared(model);
    const { gradients } = await inHalves(of);
    const program = await onnxRuntimeCpu.compile(rawOutputsGraph(of.model, headOutputs(of.detection), optionsOf(of)));
    // Along the gradient of each kind of value: A, B and the head's rows.
    for (const part of ['lora_A.weight', 'lora_B.weight', '.bias']) {
      // The one-to-one towers do not pass their gradient on, though what lies below them moves them.
      const isWhole = (name: string): boolean => of.detection.branches.length === 1 || name.includes('one2one');
      const names = of.parameters.map(({ name }) => name).filter((name) => name.endsWith(part) && isWhole(name));
      const square = names.reduce((sum, name) => sum + norm2(gradients[gradientOf(name)]!.data), 0);
      const along = async (distance: number): Promise<number> => {
        const moved = names.map((name): [string, Tensor] => {
          const { shape, data } = of.values.get(name)!;
          const slope = gradients[gradientOf(name)]!.data;
          return [
            name,
            float32(
              shape,
              data.map((value, i) => value + (distance * slope[i]!) / Math.sqrt(square)),
            ),
          ];
        });
        return await surrogate({ ...of, feeds: { ...of.feeds, ...Object.fromEntries(moved) } }, program);
      };
      const distance = 1e-3;
      const slope = ((await along(distance)) - (await along(-distance))) / (2 * distance);
      // Curvature over the distance and float32 sums of some thousand outputs leave less than a part in a hundred.
      expect(slope / Math.sqrt(square), `${model} ${part}`).toBeCloseTo(1, 2);
    }
    await program.release();
  });
});

const norm2 = (values: Float32Array): number => values.reduce((sum, value) => sum + value * value, 0);

describe.each(['yolo11', 'yolo26'])('the step of %s in half precision', (model) => {
  it('has nearly the gradients that it has in single precision', async () => {
    const of = await prepared(model);
    const [half, single] = [await asAWhole(of, 'fp16'), await asAWhole(of, 'fp32')];
    for (const name of Object.values(LOSS_PARTS))
      expect((half[name]!.data[0] as number) / (single[name]!.data[0] as number), name).toBeCloseTo(1, 2);
    const flat = (results: Tensors, scale: number): number[] =>
      of.parameters.flatMap(({ name }) =>
        Array.from(results[gradientOf(name)]!.data as Float32Array, (v) => v / scale),
      );
    const [rounded, exact] = [flat(half, SCALE), flat(single, 1)];
    const apart = Math.sqrt(norm2(Float32Array.from(rounded, (value, i) => value - exact[i]!)));
    // Halves have 11 bits; through some dozen layers each way the gradient as a whole keeps two digits.
    expect(apart / Math.sqrt(norm2(Float32Array.from(exact)))).toBeLessThan(0.02);
  });
});

describe('HeadLoss', () => {
  it('moves the weight of an end-to-end head from the branch that learns from many anchors to the one that predicts', async () => {
    const of = await prepared('yolo26');
    const program = await onnxRuntimeCpu.compile(rawOutputsGraph(of.model, headOutputs(of.detection), optionsOf(of)));
    await program.run(of.feeds, of.loss.outputs);
    const at = (progress: number): Shares => {
      const loss = of.loss.evaluate(of.targets, progress);
      return { loss, sizes: scoreSeeds(of.loss, of.detection) };
    };
    const [first, middle, last] = [at(0), at(0.5), at(1)];
    // 0.8 and 0.2, then 0.45 and 0.55, then 0.1 and 0.9.
    expect(last.sizes[0]! / first.sizes[0]!).toBeCloseTo(1 / 8, 5);
    expect(last.sizes[1]! / first.sizes[1]!).toBeCloseTo(9 / 2, 5);
    expect(middle.loss).toBeCloseTo((first.loss + last.loss) / 2, 4);
    await program.release();
  });
});

interface Shares {
  readonly loss: number;
  readonly sizes: readonly number[];
}

function scoreSeeds(loss: HeadLoss, { branches }: Detection): number[] {
  return branches.map(({ scores }) => Math.sqrt(norm2(loss.seeds[seedOf(scores)]!.data)));
}
