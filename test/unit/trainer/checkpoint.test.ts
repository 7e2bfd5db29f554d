import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import * as fsPromises from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { float32 } from '../../../src/graph/tensor.ts';
import { InputError } from '../../../src/shared/errors.ts';
import { Random } from '../../../src/shared/random.ts';
import { type Checkpoint, latestCheckpoint, saveCheckpoint } from '../../../src/trainer/checkpoint.ts';
import { NOTHING_OBSERVED } from '../../../src/trainer/divergence.ts';
import { NO_EVALUATION } from '../../../src/trainer/early-stopping.ts';
import { bundle, newRun, useWorkspace } from './temporary-run.ts';

vi.mock('node:fs/promises', { spy: true });
afterEach(() => {
  vi.mocked(fsPromises.rename).mockReset();
  vi.mocked(fsPromises.open).mockReset();
});

const workspace = useWorkspace();

function checkpointAt(step: number, bestStep: number | null = null): Checkpoint {
  const best = bestStep === null ? null : { step: bestStep, loss: 0.5, accuracy: 0.9 };
  return {
    progress: {
      step,
      epoch: 1,
      batch: 2,
      seed: 7,
      random: { dropout: new Random(step).state() },
      earlyStopping: { ...NO_EVALUATION, best },
      lossScale: null,
      divergence: NOTHING_OBSERVED,
      seconds: 12.5,
      skippedImages: ['a/ä.png'],
    },
    // −0 and the smallest denormal: what a decimal form would lose.
    parameters: new Map([['q.lora_A.weight', float32([1, 3], [step, -0, 2 ** -149])]]),
    optimizer: new Map([['q.lora_A.weight.exp_avg', float32([3], [step / 3, Math.fround(0.1), 1e-20])]]),
    average: new Map([['q.lora_A.weight', float32([1, 3], [step / 7, 0, 1])]]),
  };
}

const names = (folder: string): string[] => readdirSync(join(folder, 'checkpoints')).sort();
const stepOf = async (folder: string): Promise<number | undefined> =>
  (await latestCheckpoint(folder)).checkpoint?.progress.step;

describe('saveCheckpoint', () => {
  it('keeps everything, to the bit', async () => {
    const folder = await newRun(workspace);
    const saved = checkpointAt(5);
    expect(await saveCheckpoint(folder, saved)).toBe('checkpoints/step-5');
    const { checkpoint, damaged } = await latestCheckpoint(folder);
    expect(damaged).toEqual([]);
    expect(checkpoint!.progress).toEqual(saved.progress);
    expect(Random.restore(checkpoint!.progress.random['dropout']!).next()).toBe(new Random(5).next());
    const bits = (tensors: Checkpoint['parameters']): unknown =>
      [...tensors].map(([name, { data }]) => [name, new Uint32Array(data.buffer, data.byteOffset, data.length)]);
    expect(bits(checkpoint!.parameters)).toEqual(bits(saved.parameters));
    expect(bits(checkpoint!.average!)).toEqual(bits(saved.average!));
    expect(bits(checkpoint!.optimizer)).toEqual(bits(saved.optimizer));
  });

  it('keeps the last two and the best', async () => {
    const folder = await newRun(workspace);
    for (const step of [10, 20, 30, 40]) await saveCheckpoint(folder, checkpointAt(step, 20));
    expect(names(folder)).toEqual(['step-20', 'step-30', 'step-40']);
    await saveCheckpoint(folder, checkpointAt(100, 100));
    expect(names(folder)).toEqual(['step-100', 'step-40']);
  });

  it('forgets later ones: training took them back', async () => {
    const folder = await newRun(workspace);
    for (const step of [10, 20]) await saveCheckpoint(folder, checkpointAt(step));
    truncateSync(join(folder, 'checkpoints', 'step-20', 'parameters.safetensors'), 30);
    await saveCheckpoint(folder, checkpointAt(15));
    expect(names(folder)).toEqual(['step-10', 'step-15']);
  });

  it('replaces one of the same step', async () => {
    const folder = await newRun(workspace);
    await saveCheckpoint(folder, checkpointAt(10));
    await saveCheckpoint(folder, checkpointAt(10, 10));
    expect((await latestCheckpoint(folder)).checkpoint!.progress.earlyStopping.best?.step).toBe(10);
    expect(names(folder)).toEqual(['step-10']);
  });

  it('says that the disk is full and leaves the earlier checkpoint as it was', async () => {
    const folder = await newRun(workspace);
    await saveCheckpoint(folder, checkpointAt(10));
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    vi.mocked(fsPromises.open).mockRejectedValue(full);
    const saving = saveCheckpoint(folder, checkpointAt(20));
    await expect(saving).rejects.toThrow(InputError);
    await expect(saving).rejects.toThrow('the disk is full');
    expect(names(folder)).toEqual(['step-10']);
    expect(await stepOf(folder)).toBe(10);
  });
});

describe('latestCheckpoint', () => {
  it('finds none in a run that has saved none', async () => {
    expect(await latestCheckpoint(await newRun(workspace))).toEqual({ checkpoint: null, damaged: [] });
  });

  const damages: [string, (checkpoint: string) => void][] = [
    [
      'a truncated file',
      (at) => {
        truncateSync(join(at, 'optimizer.safetensors'), 40);
      },
    ],
    [
      'a missing file',
      (at) => {
        rmSync(join(at, 'parameters.safetensors'));
      },
    ],
    [
      'no state',
      (at) => {
        rmSync(join(at, 'state.json'));
      },
    ],
    [
      'a torn state',
      (at) => {
        truncateSync(join(at, 'state.json'), 100);
      },
    ],
    [
      'a state of another version',
      (at) => {
        writeFileSync(join(at, 'state.json'), '{"version":9}');
      },
    ],
    [
      'a flipped bit',
      (at) => {
        flipLastBit(join(at, 'parameters.safetensors'));
      },
    ],
    [
      'a folder of its name',
      (at) => {
        rmSync(at, { recursive: true });
        mkdirSync(at);
      },
    ],
  ];
  it.each(damages)('passes over %s for the one before, and says so', async (_, damage) => {
    const folder = await newRun(workspace);
    await saveCheckpoint(folder, checkpointAt(9));
    await saveCheckpoint(folder, checkpointAt(10));
    damage(join(folder, 'checkpoints', 'step-10'));
    const { checkpoint, damaged } = await latestCheckpoint(folder);
    expect(checkpoint!.progress.step).toBe(9);
    expect(damaged).toHaveLength(1);
    expect(damaged[0]).toContain(join('checkpoints', 'step-10'));
  });

  it('does not take what a killed process left half-written, and the next one clears it away', async () => {
    const folder = await newRun(workspace);
    await saveCheckpoint(folder, checkpointAt(10));
    const leftover = join(folder, 'checkpoints', '.tmp-0123456789ab');
    mkdirSync(leftover);
    writeFileSync(join(leftover, 'parameters.safetensors'), 'half');
    expect(await stepOf(folder)).toBe(10);
    await saveCheckpoint(folder, checkpointAt(20));
    expect(names(folder)).toEqual(['step-10', 'step-20']);
  });

  it('finds the one that was being replaced', async () => {
    const folder = await newRun(workspace);
    await saveCheckpoint(folder, checkpointAt(10));
    const directory = join(folder, 'checkpoints');
    renameSync(join(directory, 'step-10'), join(directory, '.previous-step-10'));
    expect(await stepOf(folder)).toBe(10);
  });

  it('finds a whole one after a kill at any moment', async () => {
    const folder = await newRun(workspace);
    const script = bundle(
      workspace.root,
      `import { saveCheckpoint, latestCheckpoint } from '../../../src/trainer/checkpoint.ts';
       import { float32 } from '../../../src/graph/tensor.ts';
       const { checkpoint } = await latestCheckpoint(process.argv[2]);
       for (let step = checkpoint.progress.step + 1; ; step++) {
         const progress = { ...checkpoint.progress, step };
         const parameters = new Map([['w', float32([1 << 16], new Float32Array(1 << 16).fill(step))]]);
         await saveCheckpoint(process.argv[2], { progress, parameters, optimizer: parameters, average: null });
         console.log(step);
         // Every other one once more, so that replacing is interrupted too.
         if (step % 2 === 0) await saveCheckpoint(process.argv[2], { progress, parameters, optimizer: parameters, average: null });
       }`,
    );
    await saveCheckpoint(folder, checkpointAt(0));
    const random = new Random(3);
    let reached = 0;
    for (let life = 0; life < 6; life++) {
      const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
      child.stdout.on('data', (chunk: Buffer) => {
        reached = Number(chunk.toString().trim().split('\n').at(-1));
      });
      await once(child.stdout, 'data');
      await sleep(random.uniform(0, 60));
      child.kill('SIGKILL');
      await once(child, 'close');
      const { checkpoint } = await latestCheckpoint(folder);
      // What was told to be saved is there, or a later one that was not told any more.
      expect(checkpoint!.progress.step).toBeGreaterThanOrEqual(reached);
      expect(new Set(checkpoint!.parameters.get('w')!.data as Float32Array)).toEqual(
        new Set([checkpoint!.progress.step]),
      );
    }
    expect(reached).toBeGreaterThan(6);
  });
});

function flipLastBit(file: string): void {
  const bytes = readFileSync(file);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(file, bytes);
}
