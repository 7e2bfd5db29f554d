/** The runs of the editor with real trainers and no editor: started, queued, paused, found again, killed, resumed, finished. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Runs } from '../../src/extension/runs/feature.ts';
import { type Job, jobSchema } from '../../src/shared/job.ts';
import { type RunHead, type RunViewState, toViewRun } from '../../src/shared/protocol/run.ts';
import { readRun } from '../../src/shared/run/read-run.ts';
import type { RunStatus } from '../../src/shared/run/status.ts';
import { fakePanel, fakeServices, module, shown, workspace } from '../fake-vscode.ts';
import { writeTinyVit } from '../tiny-vit.ts';
import { lowrank } from './cli-process.ts';

vi.mock('vscode', async () => (await import('../fake-vscode.ts')).module);

const DIST = join(import.meta.dirname, '../../dist');
const root = realpathSync(mkdtempSync(join(tmpdir(), 'lowrank-runs-')));
let runs: Runs;
let folder: string;

beforeAll(async () => {
  await writeTinyVit(join(root, 'vit'));
  await lowrank(['sample', 'shapes', '--train', '5', '--validation', '2'], { cwd: root });
  workspace.workspaceFolders = [{ uri: module.Uri.file(root), name: 'root' }];
  shown.settings['lowrank.keepAwake'] = false;
});
afterAll(async () => {
  await runs.dispose();
  rmSync(root, { recursive: true, force: true });
});
beforeEach(() => {
  shown.messages = [];
});

/** What opening a window does. */
async function openWindow(): Promise<Runs> {
  const { createRuns } = await import('../../src/extension/runs/feature.ts');
  return createRuns(
    fakeServices(DIST) as Parameters<typeof createRuns>[0],
    new module.EventEmitter() as unknown as Parameters<typeof createRuns>[1],
    {},
  );
}

function jobOf(epochs: number): Job {
  return jobSchema.parse({
    data: join(root, 'shapes'),
    base: join(root, 'vit'),
    threads: 1,
    training: { epochs, batch: 4, checkpointEvery: 10, learningRate: 0.003 },
  });
}

async function becomes(run: string, status: RunStatus): Promise<void> {
  const now = async (): Promise<RunStatus> => (await readRun(run)).status;
  await expect.poll(now, { timeout: 120_000, interval: 50 }).toBe(status);
}

async function past(run: string, step: number): Promise<void> {
  const now = async (): Promise<number> => (await readRun(run)).summary.step;
  await expect.poll(now, { timeout: 120_000, interval: 50 }).toBeGreaterThan(step);
}

async function tree(): Promise<(string | undefined)[]> {
  return (await runs.tree.children(undefined)).map(({ contextValue }) => contextValue);
}

interface Shown {
  readonly posted: Record<string, unknown>[];
  readonly head: () => RunHead | undefined;
  readonly close: () => void;
  readonly say: (message: unknown) => void;
}

/** A panel on the run, its page loaded. */
async function openPanel(run: string): Promise<Shown> {
  const { panel, posted, say, close } = fakePanel();
  const resolve = runs.editor.resolve.bind(runs.editor) as (uri: unknown, panel: unknown) => Promise<void>;
  await resolve(module.Uri.file(join(run, 'run.json')), panel);
  say({ type: 'ready' });
  const head = (): RunHead | undefined => {
    const last = posted.findLast(({ type }) => type === 'state' || type === 'progress');
    return last === undefined ? undefined : ((last['head'] ?? (last['state'] as { head?: RunHead }).head) as RunHead);
  };
  return { posted, head, close, say };
}

describe('a run of the editor', () => {
  it('starts, shows its progress in the status bar and streams into its panel', async () => {
    runs = await openWindow();
    folder = await runs.starter.start(jobOf(200), root);
    const panel = await openPanel(folder);
    await past(folder, 20);
    await expect.poll(() => shown.statusBar.text, { timeout: 10_000 }).toMatch(/LoRA · \d+ %/);
    expect(shown.statusBar.visible).toBe(true);
    await expect.poll(() => panel.head()?.step ?? 0, { timeout: 10_000 }).toBeGreaterThan(20);
    expect(await tree()).toEqual(['run.running']);
    for (const message of panel.posted) expect(toViewRun.safeParse(message).success).toBe(true);
    panel.close();
  });

  it('pauses by a control file, is found paused by the next window, and goes on', async () => {
    await runs.commands['lowrank.pauseRun'](folder);
    await becomes(folder, 'paused');
    await runs.dispose();
    runs = await openWindow();
    expect(await tree()).toEqual(['run.paused']);
    const panel = await openPanel(folder);
    await expect.poll(() => panel.head()?.status, { timeout: 10_000 }).toBe('paused');
    panel.say({ type: 'ready' });
    const { step } = (await readRun(folder)).summary;
    await runs.commands['lowrank.resumeRun'](folder);
    await past(folder, step);
    panel.close();
  });

  it('whose trainer is killed is interrupted, says so once, and goes on from its checkpoint', async () => {
    const panel = await openPanel(folder);
    process.kill((await readRun(folder)).holder!.pid, 'SIGKILL');
    await becomes(folder, 'interrupted');
    await expect.poll(() => panel.head()?.status, { timeout: 10_000 }).toBe('interrupted');
    await expect.poll(() => shown.messages, { timeout: 10_000 }).toHaveLength(1);
    expect(shown.messages[0]).toContain('was interrupted');
    await runs.commands['lowrank.resumeRun'](folder);
    await becomes(folder, 'running');
    await expect.poll(() => panel.head()?.status, { timeout: 10_000 }).toBe('running');
    panel.close();
  });

  it('queues a second one, which trains when the first has stopped', async () => {
    const second = await runs.starter.start(jobOf(2), root);
    expect((await readRun(second)).status).toBe('queued');
    expect(await tree()).toEqual(['run.queued', 'run.running']);
    await runs.commands['lowrank.stopRun'](folder);
    await becomes(folder, 'stopped');
    await becomes(second, 'finished');
    await expect.poll(() => shown.messages, { timeout: 10_000 }).toHaveLength(1);
    expect(shown.messages[0]).toContain('has finished');
    await expect.poll(() => shown.statusBar.visible).toBe(false);
    expect(await runs.starter.ofDataset(join(root, 'shapes'))).toEqual([second, folder]);
    const panel = await openPanel(second);
    await expect.poll(() => panel.head()?.status, { timeout: 10_000 }).toBe('finished');
    const { state } = panel.posted.at(-1) as { state: RunViewState & { kind: 'run' } };
    expect(state.details.report?.outcome).toBe('finished');
    expect(state.details.samples?.shown.length).toBeGreaterThan(0);
    expect(state.series.steps.step).toHaveLength(20);
    panel.close();
  });

  it('whose folder vanishes under its panel leaves a clear state', async () => {
    const panel = await openPanel(folder);
    await expect.poll(() => panel.head()?.status, { timeout: 10_000 }).toBe('stopped');
    rmSync(folder, { recursive: true });
    const last = (): unknown => (panel.posted.at(-1) as { state?: RunViewState }).state;
    await expect.poll(last, { timeout: 10_000 }).toMatchObject({ kind: 'unreadable', gone: true });
    await runs.commands['lowrank.refreshRuns']();
    expect(await tree()).toEqual(['run.finished']);
    panel.close();
  });

  it('is not started where the workspace is not trusted', async () => {
    workspace.isTrusted = false;
    await expect(runs.starter.start(jobOf(1), root)).rejects.toThrow('trusted');
    workspace.isTrusted = true;
  });
});
