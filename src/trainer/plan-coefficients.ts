/** The plan as a function of rank and targets, for a slider: straight lines through the plan of the job as it is. */
import { adaptableModules } from '../lora/layers.ts';
import { resolveTargets } from '../lora/targets.ts';
import { moduleNodes } from '../models/base.ts';
import { adapterSizeOf } from '../shared/adaptable-module.ts';
import type { AdaptableModule } from '../shared/adaptable-module.ts';
import { evaluateCost } from '../shared/cost.ts';
import type { CostChoice, CostCoefficients, Growth, ModuleCost } from '../shared/cost.ts';
import type { Job } from '../shared/job.ts';
import type { Adapted } from '../lora/adapt.ts';
import type { MachineRates } from '../shared/plan.ts';
import { adapterWork } from './plan-adapter.ts';
import type { PlannedFile } from './plan-file.ts';
import { arenaBytes } from './arena.ts';
import { heldBatch } from './held-batch.ts';
import { trainedBytes } from './plan-memory.ts';
import { countReach } from './plan-reach.ts';
import type { RunWork } from './plan-work.ts';
import type { OpenJob } from './session.ts';

export interface CoefficientsOf {
  readonly opened: OpenJob;
  readonly adapted: Adapted;
  readonly file: PlannedFile;
  readonly modelParameters: number;
  readonly rates: MachineRates;
  readonly work: RunWork;
  /** Of the whole plan, for other work in the place of the job's own. */
  readonly memoryOf: (work: RunWork) => number;
  readonly secondsOf: (work: RunWork) => number;
}

export function planCoefficients(plan: CoefficientsOf): CostCoefficients {
  const { opened, adapted, file, modelParameters, work, memoryOf, secondsOf } = plan;
  const modules = opened.job.method === 'lora' ? moduleCosts(plan) : [];
  const rest = { modules, saved: file.saved, modelParameters, metadata: file.metadata };
  // The job's own plan was counted as a whole; what the lines leave of it belongs to no single module.
  const lines = evaluateCost({ ...rest, base: { memory: 0, seconds: 0 } }, choiceOf(opened.job, adapted));
  return {
    ...rest,
    base: { memory: memoryOf(work) - lines.memoryBytes, seconds: secondsOf(work) - lines.secondsPerEpoch },
  };
}

/** A job's own point of the function. */
function choiceOf({ lora }: Job, { targets }: Adapted): CostChoice {
  const ranks = new Map(targets.map(({ module, rank }) => [module.path, rank]));
  const { rank, alpha, useRslora, useDora, init } = lora;
  return {
    rank,
    alpha,
    useRslora,
    useDora,
    init,
    dtype: 'float32',
    isTarget: (path) => ranks.has(path),
    rankOf: (path) => ranks.get(path),
  };
}

function moduleCosts({ opened, adapted, rates, work, memoryOf, secondsOf }: CoefficientsOf): ModuleCost[] {
  const { job, base } = opened;
  const modules = possibleTargets(opened, adapted);
  const paths = modules.map(({ path }) => path);
  const reach = countReach(opened, paths, rates);
  const start = { memory: memoryOf(reach.head), seconds: secondsOf(reach.head) };
  const { convolutions } = work.training.each;
  const held = heldBatch(opened);
  const slope = secondsPerSecond(work, secondsOf);
  const nodes = moduleNodes(base.graph);
  const ranks = new Map(adapted.targets.map(({ module, rank }) => [module.path, rank]));
  const alike = new Map<string, Line>();
  return modules.map((module) => {
    const running = nodes.get(module.path)!;
    const rank = ranks.get(module.path) ?? job.lora.rank;
    const key = JSON.stringify([
      { ...module, path: '', aliases: [] },
      running.map(({ inputs }) => inputs[0]!.shape),
      rank,
    ]);
    const line =
      alike.get(key) ??
      tangent(rank, (at) => {
        const added = adapterWork(at, {
          module,
          nodes: running,
          lora: job.lora,
          batch: job.training.batch,
          held,
          rates,
        });
        const memory =
          arenaBytes({ activations: added.bytes, convolutions }) +
          trainedBytes(adapterSizeOf(module, at, job.lora.useDora));
        return { memory, seconds: slope * added.seconds };
      });
    alike.set(key, line);
    const lowest = reach.modules.get(module.path)!;
    return {
      module,
      memory: { ...line.memory, reach: memoryOf(lowest) - start.memory },
      seconds: { ...line.seconds, reach: secondsOf(lowest) - start.seconds },
    };
  });
}

/** The modules that a slider may choose among: all that PEFT can adapt and that are not trained whole. */
function possibleTargets({ job, base }: OpenJob, { parameters }: Adapted): AdaptableModule[] {
  const all = adaptableModules(base);
  const every = {
    ...job.lora,
    rank: 1,
    rankPattern: {},
    alphaPattern: {},
    targetModules: all.map(({ path }) => path),
    excludeModules: [],
    layersToTransform: null,
  };
  const saved = parameters.filter(({ role }) => role === 'whole').map(({ module }) => module);
  return resolveTargets(all, every, { saved }).targets.map(({ module }) => module);
}

/** Seconds of an epoch for one more second in a step: its batches, or fewer where decoding sets the pace. */
function secondsPerSecond(work: RunWork, secondsOf: (work: RunWork) => number): number {
  const { each } = work.training;
  const more = 0.01 * each.seconds;
  const slower = { ...work, training: { ...work.training, each: { ...each, seconds: each.seconds + more } } };
  return (secondsOf(slower) - secondsOf(work)) / more;
}

type Amounts = Readonly<Record<'memory' | 'seconds', number>>;
type Line = Readonly<Record<'memory' | 'seconds', Omit<Growth, 'reach'>>>;

function tangent(rank: number, amountsAt: (rank: number) => Amounts): Line {
  const [here, next] = [amountsAt(rank), amountsAt(rank + 1)];
  const through = (of: keyof Amounts) => {
    const perRank = next[of] - here[of];
    return { perRank, fixed: here[of] - rank * perRank };
  };
  return { memory: through('memory'), seconds: through('seconds') };
}
