/** What a run leaves in its folder while it goes on: evaluations with sample predictions, the best and the last adapter, checkpoints, the report. */
import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { writeFileAtomic } from '../formats/atomic-write.ts';
import { writeTrained } from '../lora/trained.ts';
import { toAdapter } from '../lora/state.ts';
import { moduleNodes } from '../models/base.ts';
import type { Score } from '../shared/run/events.ts';
import type { RunSetup } from '../shared/run/identity.ts';
import { RUN_PATHS } from '../shared/run/layout.ts';
import { readRun } from '../shared/run/read-run.ts';
import type { RunReport } from '../shared/run/report.ts';
import type { Samples } from '../shared/run/samples.ts';
import { saveCheckpoint } from './checkpoint.ts';
import { observeEvaluation } from './early-stopping.ts';
import type { RunLog } from './run-log.ts';
import type { Session } from './session.ts';
import type { Evaluation, Programs } from './task.ts';
import type { Throughput } from './throughput.ts';
import type { Ending } from './ending.ts';
import type { Training } from './training.ts';

export class Results {
  readonly #folder: string;
  readonly #log: RunLog;
  readonly #session: Session;
  readonly #modules: readonly string[];
  /** Step of the newest checkpoint of this process. */
  #saved: number | undefined;

  constructor(folder: string, log: RunLog, session: Session) {
    this.#folder = folder;
    this.#log = log;
    this.#session = session;
    this.#modules = [...moduleNodes(session.base.graph).keys()];
  }

  /** Scores the validation split and writes sample predictions; returns whether early stopping has lost its patience. */
  async evaluate(training: Training, programs: Programs): Promise<boolean> {
    const { job } = this.#session;
    const { step, epoch } = training.progress;
    await training.fetch();
    const { samples, ...result } = await programs.validate(training.averaged);
    this.#log.record({ type: 'evaluation', step, epoch, split: 'validation', ...result });
    await this.#writeSamples(step, samples);
    // The untouched base is what the others are compared with, not a result of training.
    if (step === 0) return false;
    const { loss, accuracy, detection } = result;
    const score = { step, loss, accuracy, ...(detection && { detection }) };
    const { state, improved, stop } = observeEvaluation(
      training.progress.earlyStopping,
      score,
      job.training.earlyStopping,
    );
    training.progress = { ...training.progress, earlyStopping: state };
    if (improved) {
      await this.checkpoint(training);
      await this.#writeAdapter(RUN_PATHS.best, training);
      this.#log.record({ type: 'best', ...score });
    }
    return stop;
  }

  /** The last values on images that no decision was made by. */
  async #evaluateTest(training: Training, programs: Programs): Promise<RunReport['test']> {
    const evaluation = await programs.test(training.averaged);
    if (evaluation === null) return null;
    const { step, epoch } = training.progress;
    const { samples: _shown, ...result } = evaluation;
    this.#log.record({ type: 'evaluation', step, epoch, split: 'test', ...result });
    return scoreOf({ step, ...result });
  }

  async #writeSamples(step: number, samples: Evaluation['samples']): Promise<void> {
    const file = join(RUN_PATHS.samples, `${step}.json`);
    const content: Samples = { version: 1, step, ...samples };
    await writeFileAtomic(join(this.#folder, file), `${JSON.stringify(content)}\n`);
    this.#log.record({ type: 'samples', step, file });
  }

  async checkpoint(training: Training): Promise<void> {
    if (training.progress.step === this.#saved) return;
    this.#saved = training.progress.step;
    await training.fetch();
    const folder = await saveCheckpoint(this.#folder, training.checkpoint());
    this.#log.record({ type: 'checkpoint', step: training.progress.step, folder });
  }

  async #writeAdapter(name: string, training: Training): Promise<void> {
    const { base, job, dataset, initial } = this.#session;
    const adapter = toAdapter(initial, new Map(Object.entries(training.averaged)), {
      base,
      job,
      classes: dataset.classes,
    });
    await writeTrained(join(this.#folder, name), adapter, { method: job.method, modules: this.#modules });
  }

  /** The adapter of the last step and the report; a run that went astray leaves its last good values too. */
  async finish(
    training: Training,
    programs: Programs,
    ending: Ending,
    setup: RunSetup,
    throughput: Throughput,
  ): Promise<void> {
    await this.checkpoint(training);
    await this.#writeAdapter(RUN_PATHS.adapter, training);
    const { summary } = await readRun(this.#folder);
    const { progress } = training;
    const report: RunReport = {
      version: 1,
      id: basename(this.#folder),
      outcome: ending.type,
      method: this.#session.job.method,
      steps: progress.step,
      epochs: progress.epoch,
      seconds: throughput.seconds,
      firstStepSeconds: throughput.firstStepSeconds,
      imagesPerSecond: throughput.imagesPerSecond,
      // Linux and macOS differ in the unit of the system call; libuv gives kilobytes on both.
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
      validation: {
        untouched: scoreOf(summary.untouched),
        best: scoreOf(summary.best),
        last: scoreOf(summary.evaluations.validation),
      },
      test: ending.type === 'finished' ? await this.#evaluateTest(training, programs) : null,
      engine: setup.engine,
      parameters: setup.parameters,
      files: { adapterBytes: weightBytes(join(this.#folder, RUN_PATHS.adapter)), baseBytes: setup.parameters.base * 4 },
      skippedImages: progress.skippedImages.length,
    };
    await writeFileAtomic(join(this.#folder, RUN_PATHS.report), `${JSON.stringify(report, null, 2)}\n`);
  }
}

function scoreOf(event: (Score & { readonly step: number }) | null | undefined) {
  if (!event) return null;
  const { step, loss, accuracy, detection } = event;
  return { step, loss, accuracy, ...(detection && { detection }) };
}

function weightBytes(directory: string): number {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.safetensors'))
    .reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
}
