/**
 * The event stream of a whole run as golden text: what happens, in which order, with which fields. What differs from one run or machine
 * to another (times, processes, measured numbers) is masked; `vitest run --update` writes it anew.
 */
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { readEvents } from '../../src/shared/run/event-log.ts';
import type { RunEvent } from '../../src/shared/run/events.ts';
import { writeTinyVit } from '../tiny-vit.ts';
import { lowrank, useFolder } from './cli-process.ts';

const folder = useFolder();
const at = (name: string): string => join(folder.path, name);

beforeAll(async () => {
  await writeTinyVit(at('vit'));
  await lowrank(['sample', 'shapes', '--train', '2', '--validation', '1'], { cwd: folder.path });
  const args = [
    '--base',
    'vit',
    '--engine',
    'onnxruntime-cpu',
    '--threads',
    '1',
    '--batch',
    '4',
    '--epochs',
    '2',
    '--set',
    'training.checkpointEvery=3',
  ];
  const { code, stderr } = await lowrank(['train', '--data', 'shapes', ...args, '--out', 'run'], { cwd: folder.path });
  expect(code, stderr).toBe(0);
});

const MEASURED = new Set(['time', 'host', 'pid', 'loss', 'accuracy', 'gradientNorm', 'imagesPerSecond', 'seconds']);

function masked(event: RunEvent): string {
  const { type, ...fields } = event;
  const words = Object.entries(fields).map(([name, value]) => `${name}=${text(name, value)}`);
  return [type, ...words].join(' ');
}

function text(name: string, value: unknown): string {
  if (MEASURED.has(name)) return value === null ? 'null' : `<${typeof value}>`;
  if (name === 'learningRate') return (value as number).toPrecision(4);
  if (Array.isArray(value)) return `[${value.length}]`;
  return JSON.stringify(value);
}

it('is the one that was written down', async () => {
  const { events, damagedLines } = await readEvents(at('run'));
  expect(damagedLines).toBe(0);
  // Which of two evaluations was better is measured too, and with it whether a checkpoint of the best is due.
  const certain = events.filter(({ type }) => type !== 'best');
  const seen = `${certain.map((event) => masked({ ...event, seq: certain.indexOf(event) + 1 })).join('\n')}\n`;
  await expect(seen).toMatchFileSnapshot('../fixtures/runs/events.txt');
});
