/**
 * `npm run test:gpu [-- --engines a,b+xla --only ops|curves|placement|detector --op NAME --detector FILE.pt --resnet FOLDER]`: engines beside ONNX Runtime's CPU, on a machine that has them. Needs
 * Node and the bundles alone, so that it runs where there is no npm. The last line counts; the exit status is 1 where anything failed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chooseEngine } from '../../src/engines/choose.ts';
import type { Engine } from '../../src/engines/engine.ts';
import { messageOf } from '../../src/shared/errors.ts';
import type { Precision } from '../../src/trainer/precision.ts';
import { writeTinyVit } from '../tiny-vit.ts';
import { lossCurves } from './curves.ts';
import type { Curves } from './curves.ts';
import { detectorCurves, detectorStep } from './detector.ts';
import { fallbacks } from './placement.ts';
import { checkOps } from './op-table.ts';

/**
 * Of an op's results. CUDA multiplies matrices in TF32, whose factors have 11 bits: sums of some dozen products are off by 2⁻¹¹ of their size.
 * WebGPU's exp and tanh are off by some units in the last place, and gradients of theirs by more.
 */
const OP_TOLERANCE: Readonly<Record<string, number>> = { 'onnxruntime-cuda': 4e-3, 'tensorflow-cuda': 4e-3 };
const FLOAT32_TOLERANCE = 1e-4;
/** Of each loss of a curve that falls from ln 2: what rounding becomes in 40 updates of Adam, which takes the sign of small gradients. */
const CURVE_TOLERANCE = { fp32: 0.02, fp16: 0.05, bf16: 0.15 } as const;

/** Of the gradients of a detector's step together, in parts of their norm. TF32 has as many bits as halves, but only where products start. */
const GRADIENT_TOLERANCE = { fp32: 0.01, fp16: 0.03, bf16: 0.2 } as const;

/** Of each loss of a detector's curve, in parts of the first: an anchor that changes hands for a rounding's sake moves it by a part in a hundred. */
const DETECTOR_TOLERANCE = { fp32: 0.05, fp16: 0.05, bf16: 0.15 } as const;

/** Halves are an option of WebGPU's that not every card has; ONNX Runtime says so at the first kernel. */
const NO_HALVES = 'requires f16';

const precisionsOf = ({ hasBfloat16 = false }: Engine): readonly Precision[] =>
  hasBfloat16 ? ['fp32', 'fp16', 'bf16'] : ['fp32', 'fp16'];

const { values } = parseArgs({
  options: {
    engines: { type: 'string', default: 'onnxruntime-cuda,tensorflow-cuda,onnxruntime-webgpu' },
    only: { type: 'string' },
    op: { type: 'string' },
    detector: { type: 'string', default: 'test/fixtures/yolo/drawn.pt' },
    resnet: { type: 'string', default: 'test/fixtures/models/resnet-basic' },
  },
});

const count = { passed: 0, failed: 0 };

function tell(what: string, fault: string | null): void {
  count[fault === null ? 'passed' : 'failed'] += 1;
  process.stdout.write(fault === null ? `passed  ${what}\n` : `FAILED  ${what}: ${fault}\n`);
}

async function ops(engine: Engine): Promise<void> {
  const tolerance = OP_TOLERANCE[engine.name] ?? FLOAT32_TOLERANCE;
  const { passed, faults } = await checkOps(engine, tolerance, (name) => (values.op ?? name) === name);
  for (const fault of faults) process.stdout.write(`        ${fault}\n`);
  count.passed += passed - 1;
  count.failed += Math.max(0, faults.length - 1);
  tell(`${engine.name}: ${passed} cases of ops`, faults.length === 0 ? null : `${faults.length} cases differ`);
}

async function curves(engine: Engine, precision: Precision): Promise<void> {
  for (const [name, folder] of [
    ['ViT', model],
    ['ResNet', values.resnet],
  ] as const) {
    const curves = await lossCurves(folder, engine, precision);
    judge(`${engine.name} ${precision}, ${name}`, curves, CURVE_TOLERANCE[precision]);
  }
}

async function detector(engine: Engine, precision: Precision): Promise<void> {
  const { loss, gradients } = await detectorStep(values.detector, engine, precision);
  const limit = GRADIENT_TOLERANCE[precision];
  const isNear = Math.max(loss, gradients) <= limit;
  const found = `loss ${loss.toExponential(1)} and gradients ${gradients.toExponential(1)} off`;
  tell(`${engine.name} ${precision}: a detector's step, ${found}`, isNear ? null : `more than ${limit}`);
  const curves = await detectorCurves(values.detector, engine, precision);
  judge(`${engine.name} ${precision}, detector`, curves, DETECTOR_TOLERANCE[precision] * curves.cpu[0]!);
}

function judge(what: string, { cpu, own, resumed }: Curves, limit: number): void {
  const worst = (curve: readonly number[]): number =>
    Math.max(...curve.map((loss, step) => Math.abs(loss - cpu[step]!)));
  const fault = (curve: readonly number[]): string | null =>
    worst(curve) <= limit ? null : `a loss is ${worst(curve).toFixed(4)} off, more than ${limit.toFixed(3)}`;
  tell(`${what}: ${cpu.length} losses (${cpu[0]!.toFixed(3)} to ${cpu.at(-1)!.toFixed(3)})`, fault(own));
  tell(`${what}: goes on from a checkpoint of the CPU`, fault(resumed));
}

async function placement(engine: Engine, model: string, precision: Precision): Promise<void> {
  const found = [...(await fallbacks(model, engine, precision))].map(([operator, nodes]) => `${nodes} ${operator}`);
  const fault = found.length === 0 ? null : `on the CPU are ${found.join(', ')}`;
  tell(`${engine.name} ${precision}: the whole step on the GPU`, fault);
}

async function inOne(engine: Engine, precision: Precision): Promise<void> {
  try {
    if (wanted('curves')) await curves(engine, precision);
    if (wanted('detector')) await detector(engine, precision);
    if (wanted('placement') && engine.form === 'onnx') await placement(engine, model, precision);
  } catch (error) {
    if (!messageOf(error).includes(NO_HALVES)) throw error;
    process.stdout.write(`        ${engine.name}: this card has no ${precision}\n`);
  }
}

const wanted = (part: string): boolean => values.only === undefined || values.only === part;
const folder = mkdtempSync(join(tmpdir(), 'lowrank-gpu-'));
const model = await writeTinyVit(join(folder, 'vit'));
for (const name of values.engines.split(',')) {
  try {
    const [engineName, xla] = name.split('+');
    const engine = chooseEngine(engineName!, xla === undefined ? {} : { xlaCache: join(folder, 'xla') });
    if (wanted('ops')) await ops(engine);
    for (const precision of precisionsOf(engine)) await inOne(engine, precision);
  } catch (error) {
    tell(name, messageOf(error));
  }
}
rmSync(folder, { recursive: true, force: true });
process.stdout.write(`${count.passed} passed, ${count.failed} failed\n`);
// A library's own threads must not keep the process.
process.exit(count.failed > 0 ? 1 : 0);
