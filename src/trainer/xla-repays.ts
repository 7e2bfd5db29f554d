/** Whether XLA repays over a run what it takes to compile the run's step. */
import type { FoundEngine } from '../engines/options.ts';
import type { Job } from '../shared/job.ts';
import type { MachineRates } from '../shared/plan.ts';

/** A run as the choice of its engine sees it. */
export interface RunLength {
  readonly steps: number;
  /** Of one step, in ops that an engine computes (graph/passes/lower.ts). */
  readonly nodes: number;
  /** Seconds of one step on a machine of these rates. */
  readonly secondsOf: (rates: MachineRates) => number;
}

/**
 * Seconds that XLA compiles for a node of the step. On an H100, nothing compiled before: 44 to 49 s for the 1687 nodes of a ViT of 12 blocks, whatever
 * its width; 236 s for the 4440 of YOLO11n beside other work. What was compiled before is loaded in 7 to 10 s, which is not known here.
 */
const COMPILE_SECONDS = 0.03;

/**
 * The rate of TensorFlow's steps with XLA over those of the engine that would compute them otherwise: the least of ViT-tiny, -small and -base on an
 * H100 (docs/performance.md; 1.91 to 2.16 and 1.97 to 2.87 in half precision, 1.44 to 1.62 and 1.76 to 2.17 in single).
 */
const XLA_OVER = {
  'onnxruntime-cuda': { half: 1.9, single: 1.4 },
  'tensorflow-cuda': { half: 1.9, single: 1.7 },
} as const;

export type XlaRival = Pick<FoundEngine, 'rates'> & { readonly name: keyof typeof XLA_OVER };

/** `instead` is what computes the steps without XLA. A job may say so itself. */
export function xlaRepays(
  { xla, precision }: Pick<Job, 'xla' | 'precision'>,
  instead: XlaRival,
  { steps, nodes, secondsOf }: RunLength,
): boolean {
  if (xla !== 'auto') return xla === 'on';
  // `auto` is half precision on CUDA.
  const factor = XLA_OVER[instead.name][precision === 'fp32' ? 'single' : 'half'];
  return steps * secondsOf(instead.rates!) * (1 - 1 / factor) > nodes * COMPILE_SECONDS;
}
