/**
 * One training step of a detector, whole: images on the host to updated values. Run as a process of its own, so that its start and its
 * memory are those of a trainer; prints the figures that test/parity/bench_yolo.py prints.
 */
import { chooseEngine } from '../../src/engines/choose.ts';
import { initialise } from '../../src/lora/state.ts';
import { openYolo } from '../../src/models/yolo/open.ts';
import { jobSchema } from '../../src/shared/job.ts';
import { Random } from '../../src/shared/random.ts';
import { TARGET_COLUMNS } from '../../src/trainer/detection/assign.ts';
import { compilePieces } from '../../src/trainer/detection/compile-pieces.ts';
import { imagesInPiece } from '../../src/trainer/detection/piecewise-step.ts';
import { trainingGraphs } from '../../src/trainer/detection/step.ts';
import { IMAGES } from '../../src/trainer/step.ts';
import { Training } from '../../src/trainer/training.ts';
import { median } from './step.ts';

export interface DetectorOptions {
  readonly model: string;
  readonly batch: number;
  readonly size: number;
  readonly rank: number;
  readonly threads: number;
  readonly steps: number;
  readonly warmup: number;
}

export interface DetectorFigures {
  readonly images_per_second: number;
  readonly step_ms: number;
  readonly seconds_to_first_step: number;
  readonly peak_rss_mb: number;
}

const BOXES = 7;
const TURN = { updates: true, learningRate: 1e-4, clip: 10 };

export async function measureDetector(options: DetectorOptions): Promise<DetectorFigures> {
  const { model, batch, size: side, rank, threads } = options;
  const opened = await openYolo(model);
  const size = { height: side, width: side };
  const preprocessing = { ...opened.preprocessing, resize: { mode: 'exact', ...size } } as const;
  const head = opened.detection!;
  const base = { ...opened, preprocessing, graph: head.atSize(size) };
  const classes = base.labels!;
  const job = jobSchema.parse({ data: '.', base: model, lora: { rank, alpha: 2 * rank }, training: { batch } });
  const initial = initialise(base, job, classes);
  const images = imagesInPiece(batch, threads, side * side);
  const halves = trainingGraphs(initial.adapted.graph, head, { preprocessing, batch: images });
  const engine = chooseEngine('onnxruntime-cpu');
  const program = await compilePieces(halves, { engine, threads, head, classes: classes.length, size, batch });
  const training = Training.start({ job, initial, precision: 'fp32' });
  await training.begin();
  const random = new Random(1);
  const pictures = {
    dtype: 'uint8',
    shape: [batch, side, side, 3],
    data: Uint8Array.from({ length: batch * side * side * 3 }, () => random.int(256)),
  } as const;
  const targets = {
    counts: new Int32Array(batch).fill(BOXES),
    rows: Float32Array.from(
      Array.from({ length: batch * BOXES }, () => {
        const [x, y, width, height] = Array.from({ length: 4 }, () => side * random.uniform(0.2, 0.5));
        return [random.int(classes.length), x! - width! / 2, y! - height! / 2, x! + width! / 2, y! + height! / 2];
      }).flatMap((row) => row.slice(0, TARGET_COLUMNS)),
    ),
    weights: new Float32Array(batch).fill(1),
  };
  const step = async (): Promise<number> => {
    const started = performance.now();
    await program.run({ [IMAGES]: pictures, ...training.feeds(TURN) }, targets, 0, training.results);
    training.accumulate();
    if (Number.isFinite(training.gradientNorm())) training.update(TURN.learningRate, 1);
    else training.skip({ epoch: 0, batch: 0 });
    return performance.now() - started;
  };
  await step();
  const seconds_to_first_step = performance.now() / 1000;
  for (let index = 0; index < options.warmup; index++) await step();
  const times: number[] = [];
  for (let index = 0; index < options.steps; index++) times.push(await step());
  const peak_rss_mb = process.resourceUsage().maxRSS / 1024;
  await program.release();
  const step_ms = median(times);
  return { images_per_second: (batch / step_ms) * 1000, step_ms, seconds_to_first_step, peak_rss_mb };
}
