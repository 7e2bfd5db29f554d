/** Whether a run that goes on finds the dataset that it began with. */
import { SPLITS } from '../shared/dataset-report.ts';
import { InputError } from '../shared/errors.ts';
import type { RunSetup } from '../shared/run/identity.ts';

type Dataset = RunSetup['dataset'];

/**
 * What the person should know of it: other numbers of images. Throws an `InputError` where the classes are others or in another order,
 * since what was learned of one would be taken for another.
 */
export function datasetChanges(before: Dataset, now: Dataset, root: string): string[] {
  const at = now.classes.findIndex((name, label) => name !== before.classes[label]);
  if (at >= 0 || now.classes.length !== before.classes.length) {
    const change =
      at >= 0 && at < before.classes.length
        ? `class ${at} was ${before.classes[at]!} and is ${now.classes[at]!}`
        : `there were ${before.classes.length} classes and are ${now.classes.length}`;
    throw new InputError(`its classes have changed since the run began: ${change}; undo that, or start a new run`, {
      file: root,
    });
  }
  const others = SPLITS.filter((split) => now.images[split] !== before.images[split]).map(
    (split) => `${before.images[split]} ${split} images and are ${now.images[split]}`,
  );
  return others.length === 0
    ? []
    : [
        `the dataset has changed since the run began: there were ${others.join(', ')}; the run goes on with what is there`,
      ];
}
