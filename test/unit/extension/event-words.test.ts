import { expect, test, vi } from 'vitest';
import { eventLine, isTold } from '../../../src/extension/runs/event-words.ts';
import type { NewRunEvent, RunEvent } from '../../../src/shared/run/events.ts';

vi.mock('vscode', async () => (await import('../../fake-vscode.ts')).module);

const at = (event: NewRunEvent): RunEvent => ({ ...event, seq: 1, time: Date.UTC(2026, 0, 2, 12) });
const line = (event: NewRunEvent): string | null => eventLine(at(event), '/data/pets');

test('an event is told with its time', () => {
  expect(line({ type: 'paused', step: 12 })).toMatch(/^1\/[123]\/26, .*\d\d:00.* {2}Paused at step 12$/);
  expect(line({ type: 'best', step: 3, loss: 1, accuracy: 0.5 })).toMatch(/step 3: 50(\.0)? %$/);
  const detection = { map50: 0.75, map: 0.5, precision: 1, recall: 1, f1: 1 };
  expect(line({ type: 'best', step: 3, loss: 1, accuracy: null, detection })).toMatch(/step 3: mAP50-95 50(\.0)? %$/);
  expect(line({ type: 'warning', message: 'few images' })).toContain('Warning: few images');
});

test('a skipped image is named below its dataset', () => {
  const skipped = { type: 'skipped-image', reason: 'no picture' } as const;
  expect(line({ ...skipped, file: '/data/pets/cat/1.jpg' })).toContain('Skipped cat/1.jpg: no picture');
  expect(line({ ...skipped, file: '/other/1.jpg' })).toContain('Skipped /other/1.jpg');
});

test('what curves and figures show is not told again, nor a command that was obeyed', () => {
  const acknowledged = { type: 'control-acknowledged', id: 1, command: 'pause' } as const;
  expect(isTold(at({ type: 'samples', step: 1, file: 'samples/1.json' }))).toBe(false);
  expect(line({ ...acknowledged, refused: null })).toBeNull();
  expect(line({ ...acknowledged, refused: 'too late' })).toContain('“pause”: too late');
});
