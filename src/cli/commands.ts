/** The commands, in the order of the help: as one meets them. A new one is its file and its line here. */
import type { Command } from './command.ts';
import { check } from './commands/check.ts';
import { combine } from './commands/combine.ts';
import { compare } from './commands/compare.ts';
import { demo } from './commands/demo.ts';
import { engines } from './commands/engines.ts';
import { inspect } from './commands/inspect.ts';
import { merge } from './commands/merge.ts';
import { plan } from './commands/plan.ts';
import { predict } from './commands/predict.ts';
import { resize } from './commands/resize.ts';
import { resume } from './commands/resume.ts';
import { runs } from './commands/runs.ts';
import { sample } from './commands/sample.ts';
import { train } from './commands/train.ts';

export const COMMANDS: readonly Command[] = [
  demo,
  sample,
  check,
  plan,
  train,
  resume,
  runs,
  compare,
  inspect,
  resize,
  combine,
  merge,
  predict,
  engines,
];
