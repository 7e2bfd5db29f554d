import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../../src/shared/errors.ts';
import { processStart } from '../../../src/shared/run/liveness.ts';
import { launchTrainer, type Trainer } from '../../../src/trainer/launch.ts';
import { newRun, useWorkspace } from './temporary-run.ts';

const workspace = useWorkspace();
/** Patience short enough for tests; a trainer that obeys does so well within it. */
const patience = { asked: 10_000, terminated: 10_000 };
const impatient = { asked: 100, terminated: 100 };

async function launch(source: string, wait = patience): Promise<{ folder: string; trainer: Trainer }> {
  const folder = await newRun(workspace);
  const script = join(workspace.root, 'trainer.cjs');
  writeFileSync(script, source);
  const runtime = { node: process.execPath, script, env: { GREETING: 'grüß Gott' } };
  const trainer = await launchTrainer(folder, runtime, wait);
  return { folder, trainer };
}

const logOf = (folder: string): string => readFileSync(join(folder, 'trainer.log'), 'utf8');
const READY = `console.log('ready'); setInterval(() => {}, 1000);`;

describe('launchTrainer', () => {
  it('gives the trainer the run folder and its environment, and writes its streams to trainer.log', async () => {
    const { folder, trainer } = await launch(
      `console.log(process.argv[2], process.env.GREETING); console.error('oh'); process.exitCode = 3;`,
    );
    expect(await trainer.stopped).toEqual({ code: 3, signal: null });
    expect(logOf(folder)).toBe(`${folder} grüß Gott\noh\n`);
  });

  it('says so where there is no such program', async () => {
    const folder = await newRun(workspace);
    const launched = launchTrainer(folder, { node: join(workspace.root, 'no-node'), script: 'x' });
    await expect(launched).rejects.toThrow(InputError);
    await expect(launched).rejects.toThrow('the trainer cannot be started');
  });
});

describe('stop', () => {
  it('asks first', async () => {
    const { trainer } = await launch(
      `const fs = require('node:fs');
       setInterval(() => { if (fs.readdirSync('control').length > 0) process.exit(0); }, 20);`,
    );
    expect(await trainer.stop()).toEqual({ code: 0, signal: null });
  });

  it('terminates one that does not listen', async () => {
    const { folder, trainer } = await launch(`process.on('SIGTERM', () => process.exit(5)); ${READY}`, {
      ...patience,
      asked: 100,
    });
    await expect.poll(() => logOf(folder)).toContain('ready');
    expect(await trainer.stop()).toEqual({ code: 5, signal: null });
  });

  it('kills one that does not obey, with all it started', async () => {
    const { folder, trainer } = await launch(
      `process.on('SIGTERM', () => {});
       const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
       console.log('child', child.pid);
       ${READY}`,
      impatient,
    );
    await expect.poll(() => logOf(folder)).toContain('ready');
    const child = Number(/child (\d+)/.exec(logOf(folder))![1]);
    expect(processStart(child)).not.toBeNull();
    const [exit, same] = await Promise.all([trainer.stop(), trainer.stop()]);
    expect(exit).toEqual({ code: null, signal: 'SIGKILL' });
    expect(same).toBe(exit);
    expect(processStart(trainer.pid)).toBeNull();
    await expect.poll(() => processStart(child)).toBeNull();
  });

  it('of one that has ended tells how it ended', async () => {
    const { trainer } = await launch('process.exitCode = 1;');
    await trainer.stopped;
    expect(await trainer.stop()).toEqual({ code: 1, signal: null });
  });
});
