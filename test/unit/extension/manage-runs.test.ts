/** Runs renamed, deleted and filtered by the commands, on real folders and without an editor. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Catalogue } from '../../../src/extension/runs/catalogue.ts';
import { createCommands, type RunCommands } from '../../../src/extension/runs/commands.ts';
import { type FilteredView, RunsFilter } from '../../../src/extension/runs/filter.ts';
import { Starter } from '../../../src/extension/runs/starter.ts';
import { Trainers } from '../../../src/extension/runs/trainers.ts';
import type { RunServices } from '../../../src/extension/runs/services.ts';
import { readIdentity } from '../../../src/shared/run/read-run.ts';
import { takeLease } from '../../../src/trainer/lease.ts';
import { createRun } from '../../../src/trainer/run-folder.ts';
import { fakeServices, module, shown, workspace } from '../../fake-vscode.ts';
import { jobOn, useWorkspace } from '../trainer/temporary-run.ts';

vi.mock('vscode', async () => (await import('../../fake-vscode.ts')).module);

const place = useWorkspace();
let filter: RunsFilter;
let commands: RunCommands;

async function newRun(name: string): Promise<string> {
  return createRun({ job: jobOn(place.data, name), version: '0.0.0', root: place.root });
}

beforeEach(() => {
  Object.assign(shown, { messages: [], answer: undefined, input: undefined, pick: undefined, hasTrash: true });
  workspace.workspaceFolders = [{ uri: module.Uri.file(place.root), name: 'root' }];
  const host = fakeServices('dist') as RunServices['host'];
  const catalogue = new Catalogue();
  filter = new RunsFilter(catalogue);
  const starter = new Starter(host, catalogue, new Trainers(host));
  commands = createCommands({ host, catalogue, starter, filter, open: () => Promise.resolve() });
  return () => {
    catalogue.dispose();
  };
});

describe('rename', () => {
  it('changes the name in run.json and nothing else', async () => {
    const folder = await newRun('old');
    const before = await readIdentity(folder);
    shown.input = '  new name ';
    await commands['lowrank.renameRun'](folder);
    expect(await readIdentity(folder)).toEqual({ ...before, name: 'new name' });
    expect(shown.messages).toEqual([]);
  });

  it('waits for a trainer that prepares the run', async () => {
    const folder = await newRun('old');
    const lease = await takeLease(folder);
    shown.input = 'new';
    await commands['lowrank.renameRun'](folder);
    expect((await readIdentity(folder)).name).toBe('old');
    expect(shown.messages).toEqual([expect.stringContaining('preparing')]);
    await lease.release();
  });

  it('is dismissed without a change', async () => {
    const folder = await newRun('old');
    await commands['lowrank.renameRun'](folder);
    expect((await readIdentity(folder)).name).toBe('old');
  });
});

describe('delete', () => {
  it('moves the folder to the trash after a question', async () => {
    const folder = await newRun('a');
    await commands['lowrank.deleteRun'](folder);
    expect(existsSync(folder)).toBe(true);
    shown.answer = 'Move to Trash';
    await commands['lowrank.deleteRun'](folder);
    expect(existsSync(folder)).toBe(false);
  });

  it('takes all that are chosen', async () => {
    const folders = [await newRun('a'), await newRun('b')];
    shown.answer = 'Move to Trash';
    await commands['lowrank.deleteRun'](folders[0], folders);
    expect(folders.filter(existsSync)).toEqual([]);
    expect(shown.messages).toHaveLength(1);
  });

  it('asks again where there is no trash', async () => {
    const folder = await newRun('a');
    Object.assign(shown, { hasTrash: false, answer: 'Move to Trash' });
    await commands['lowrank.deleteRun'](folder);
    expect(existsSync(folder)).toBe(true);
    expect(shown.messages.at(-1)).toContain('permanently');
    shown.answer = ['Move to Trash', 'Delete Permanently'];
    await commands['lowrank.deleteRun'](folder);
    expect(existsSync(folder)).toBe(false);
  });

  it('leaves a run that a trainer holds, with all the others that were chosen', async () => {
    const folders = [await newRun('a'), await newRun('b')];
    const lease = await takeLease(folders[1]!);
    shown.answer = 'Move to Trash';
    await commands['lowrank.deleteRun'](folders[0], folders);
    expect(folders.filter(existsSync)).toEqual(folders);
    expect(shown.messages).toEqual([expect.stringContaining('is being trained')]);
    await lease.release();
  });
});

it('paths of all that are chosen are copied, one a line', async () => {
  await commands['lowrank.copyRunPath']('/a', ['/a', '/b']);
  expect(shown.clipboard).toBe('/a\n/b');
});

it('the view shows what fits the filter, says so, and all when it is cleared', async () => {
  const [cats] = [await newRun('cats'), await newRun('dogs')];
  // A folder without a run in it.
  mkdirSync(join(place.root, '.lowrank/runs/2020-01-01-empty'));
  Object.assign(shown, { input: ' cat', pick: (items: readonly { picked?: boolean }[]) => items });
  await commands['lowrank.filterRuns']();
  expect(filter.list().map(({ folder }) => folder)).toEqual([cats]);
  const view: FilteredView = {};
  filter.tell(view);
  expect(view).toEqual({ description: '“cat”', message: 'Filtered: 1 of 2 runs' });

  const file = join(place.root, 'runs.csv');
  shown.input = file;
  await commands['lowrank.exportRunsCsv']();
  expect(readFileSync(file, 'utf8').trimEnd().split('\r\n')).toHaveLength(2);

  await commands['lowrank.clearRunsFilter']();
  filter.tell(view);
  expect(view).toEqual({ description: undefined, message: undefined });
  expect(filter.list()).toHaveLength(2);

  Object.assign(shown, { input: '', pick: (items: readonly { label: string }[]) => items.slice(-1) });
  await commands['lowrank.filterRuns']();
  filter.tell(view);
  expect(view).toEqual({ description: 'failed', message: 'Filtered: 0 of 2 runs' });
});
