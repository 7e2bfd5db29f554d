/** Every task; the compiler asks for one of each name in the protocol. */
import type { RequestOf, ResultOf, TaskName } from '../shared/protocol/tasks.ts';
import { bases } from './bases.ts';
import { check } from './check.ts';
import { engines } from './engines.ts';
import { exportTask } from './export.ts';
import { inspect } from './inspect.ts';
import { installEngine, removeEngine } from './packs.ts';
import { plan } from './plan.ts';
import { predict } from './predict.ts';
import { resize } from './resize.ts';
import { sample } from './sample.ts';
import { scenes } from './scenes.ts';
import { survey } from './survey.ts';
import type { Site, Task } from './task.ts';
import { thumbnails } from './thumbnails.ts';

const TASKS: { readonly [T in TaskName]: Task<T> } = {
  survey,
  check,
  thumbnails,
  scenes,
  bases,
  plan,
  inspect,
  resize,
  export: exportTask,
  predict,
  engines,
  'install-pack': installEngine,
  'remove-pack': removeEngine,
  sample,
};

export function perform<T extends TaskName>(task: T, request: RequestOf<T>, site: Site<T>): Promise<ResultOf<T>> {
  return TASKS[task](request, site);
}
