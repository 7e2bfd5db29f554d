/** Tests that go on where the one before ended: after a failure the others are skipped, since each would wait in vain. */
import { beforeEach, onTestFailed } from 'vitest';

export function eachStepNeedsTheOneBefore(): void {
  let failed: string | undefined;
  beforeEach(({ task, skip }) => {
    // A step that is tried again needs only those before it.
    if (failed === task.name) failed = undefined;
    if (failed !== undefined) skip(`needs '${failed}', which failed`);
    onTestFailed(() => {
      failed = task.name;
    });
  });
}
