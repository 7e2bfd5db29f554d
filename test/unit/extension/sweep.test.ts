/** A sweep's runs are queued in order and laid over each other. */
import { beforeEach, expect, test, vi } from 'vitest';
import { sweepRanks } from '../../../src/extension/sidebar/sweep.ts';
import { type Job, jobSchema } from '../../../src/shared/job.ts';
import { module, shown, workspace } from '../../fake-vscode.ts';

vi.mock('vscode', async () => (await import('../../fake-vscode.ts')).module);

let started: { job: Job; root: string }[];
let opened: string[];
const runs = {
  start: (job: Job, root: string) => {
    if (job.lora.rank > 100) return Promise.reject(new Error('disk full'));
    started.push({ job, root });
    return Promise.resolve(`/w/${job.name!}`);
  },
  open: (folder: string) => {
    opened.push(folder);
    return Promise.resolve();
  },
} as unknown as Parameters<typeof sweepRanks>[0]['runs'];

const job = (more: object = {}): Job => jobSchema.parse({ data: '/w/pets', base: 'sample', $schema: './s', ...more });
/** What is chosen at first is kept. */
const preselected = (items: readonly { picked?: boolean }[]): unknown => items.filter(({ picked }) => picked);

beforeEach(() => {
  [started, opened] = [[], []];
  Object.assign(shown, { executed: [], pick: preselected });
  workspace.workspaceFolders = [{ uri: module.Uri.file('/w'), name: 'w' }];
});

test('ranks 4, 8, 16 and 32 are queued and compared', async () => {
  const folders = await sweepRanks({ runs }, job(), null);
  expect(folders).toEqual(['/w/pets-r4', '/w/pets-r8', '/w/pets-r16', '/w/pets-r32']);
  expect(started.map(({ job: { lora, $schema }, root }) => [lora.rank, lora.alpha, $schema, root])).toEqual(
    [4, 8, 16, 32].map((rank) => [rank, 2 * rank, undefined, '/w']),
  );
  expect(shown.executed).toEqual([['lowrank.compareRuns', undefined, folders]]);
});

test('a single rank is a run to open; none is nothing', async () => {
  shown.pick = (items) => items.slice(0, 1);
  await sweepRanks({ runs }, job(), null);
  expect(opened).toEqual(['/w/pets-r1']);
  shown.pick = undefined;
  expect(await sweepRanks({ runs }, job(), null)).toEqual([]);
  expect(shown.executed).toEqual([]);
});

test('those queued before one that cannot be are compared, and the fault is told', async () => {
  shown.pick = (items) => items.slice(-3);
  await expect(sweepRanks({ runs }, job({ lora: { rank: 48 } }), null)).rejects.toThrow('disk full');
  expect(opened).toEqual(['/w/pets-r64']);
});

test('a job without a rank has none to sweep', async () => {
  await expect(sweepRanks({ runs }, job({ method: 'head' }), null)).rejects.toThrow('LoRA');
});
