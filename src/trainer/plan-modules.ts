/** Every module of the base that is of a kind that LoRA knows, for the tree from which targets are chosen. */
import type { Adapted } from '../lora/adapt.ts';
import { adaptableModules } from '../lora/layers.ts';
import { obstacleOf } from '../lora/targets.ts';
import { weightSizeOf } from '../shared/adaptable-module.ts';
import type { PlannedModule } from '../shared/protocol/results.ts';
import { weightShapeOf } from './plan-layers.ts';
import type { OpenJob } from './session.ts';

export function planModules({ base, job }: OpenJob, { parameters }: Adapted): PlannedModule[] {
  // With `full` everything is trained whole, which is no obstacle to choosing otherwise.
  const whole = parameters.filter(({ role }) => role === 'whole').map(({ module }) => module);
  const saved = job.method === 'full' ? base.heads : whole;
  return adaptableModules(base).map((module) => ({
    path: module.path,
    kind: module.kind,
    shape: weightShapeOf(module),
    parameters: weightSizeOf(module),
    isHead: base.heads.includes(module.path),
    obstacle: obstacleOf(module, job.lora, { saved }) ?? null,
  }));
}
