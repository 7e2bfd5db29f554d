/** Which engine a run gets of those that were found. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FoundEngine, FoundEngines } from '../../../src/engines/options.ts';
import { parseCards } from '../../../src/formats/nvidia.ts';
import { jobSchema } from '../../../src/shared/job.ts';
import { engineAmong } from '../../../src/trainer/choose-engine.ts';
import type { RunLength } from '../../../src/trainer/xla-repays.ts';

const [ONNX, TENSORFLOW, WEBGPU, CPU] = [
  'onnxruntime-cuda',
  'tensorflow-cuda',
  'onnxruntime-webgpu',
  'onnxruntime-cpu',
];
const CARDS = parseCards('0, GPU-0000-cafe, NVIDIA H100, 80000, 4, 580.65');
/** What XLA compiles in some fifty seconds. */
const VIT_NODES = 1700;

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'lowrank-engines-'));
  vi.stubEnv('LOWRANK_CACHE', home);
  // Nothing of it is loaded: only a graph that is compiled asks for it.
  vi.stubEnv('LOWRANK_TENSORFLOW_PACK', join(home, 'tensorflow-cuda'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

/** `speeds` is how fast each computes; what is left out is not usable. */
function found(speeds: Readonly<Record<string, number>>): FoundEngines {
  const engines = [ONNX, TENSORFLOW, WEBGPU, CPU].map((name): FoundEngine => {
    const speed = speeds[name];
    return {
      name,
      device: name,
      threads: 1,
      memory: null,
      driver: null,
      state: speed === undefined ? 'not installed' : 'usable',
      reason: speed === undefined ? 'it is not installed' : null,
      rates: speed === undefined ? null : { flops: speed, bytes: speed, serialBytes: speed },
    };
  });
  return { engines, cards: (speeds[ONNX] ?? speeds[TENSORFLOW]) ? CARDS : [] };
}

/** So many seconds of steps on an engine of speed 1. */
const length =
  (seconds: number, nodes = VIT_NODES) =>
  (): RunLength => ({ steps: 100, nodes, secondsOf: ({ flops }) => seconds / 100 / flops });

function choose(
  job: object,
  speeds: Readonly<Record<string, number>>,
  of: () => RunLength,
): { name: string; why: string } {
  const parsed = jobSchema.parse({ data: '.', base: 'sample', ...job });
  const { engine, reason } = engineAmong(parsed, found(speeds), of);
  return { name: engine.name, why: reason };
}

const both = { [ONNX]: 1, [TENSORFLOW]: 0.5, [CPU]: 0.01 };

describe('engineAmong', () => {
  it('takes ONNX Runtime on CUDA for a short run, and TensorFlow with XLA for one that repays its compilation', () => {
    const { name, why } = choose({}, both, length(600));
    expect(name).toBe(TENSORFLOW);
    expect(why).toMatch(/^CUDA on NVIDIA H100; XLA, which 10 min .*repay/);
  });

  it('counts on less of XLA in single precision, and on longer compilation of a larger step', () => {
    expect(choose({}, both, length(130)).name).toBe(TENSORFLOW);
    expect(choose({ precision: 'fp32' }, both, length(130)).name).toBe(ONNX);
    expect(choose({}, both, length(130, 3 * VIT_NODES)).name).toBe(ONNX);
  });

  it('never takes TensorFlow without XLA where ONNX Runtime is', () => {
    // ONNX Runtime's steps are half as long as TensorFlow's own here: a length may repay XLA against one and not the other.
    const chosen = [1, 60, 100, 110, 150, 200, 1000].map((seconds) => choose({}, both, length(seconds)));
    expect(chosen.map(({ name }) => name)).toEqual([
      ...Array<string>(3).fill(ONNX),
      ...Array<string>(4).fill(TENSORFLOW),
    ]);
    expect(chosen.some(({ why }) => why.includes('too short'))).toBe(false);
  });

  it('obeys a job that says with XLA or without', () => {
    expect(choose({ xla: 'on' }, both, length(1))).toMatchObject({ name: TENSORFLOW });
    expect(choose({ xla: 'off' }, both, length(1e6))).toMatchObject({ name: ONNX });
    const off = choose({ xla: 'off', engine: TENSORFLOW }, both, length(1e6));
    expect(off.why).toMatch(/without XLA as the job says/);
  });

  it('takes the one that computes in bf16 where the job says so', () => {
    expect(choose({ precision: 'bf16' }, both, length(1))).toMatchObject({ name: TENSORFLOW });
  });

  it('takes TensorFlow without XLA where it is the only one on CUDA and the run is short', () => {
    const { name, why } = choose({}, { [TENSORFLOW]: 1, [CPU]: 0.01 }, length(20));
    expect(name).toBe(TENSORFLOW);
    expect(why).toMatch(/20 s are too short for XLA/);
  });

  it('takes another GPU where its probe is faster on this model, else the CPU', () => {
    expect(choose({}, { [WEBGPU]: 3, [CPU]: 1 }, length(60))).toEqual({
      name: WEBGPU,
      why: '3.0 times as fast as the CPU by a probe',
    });
    expect(choose({}, { [WEBGPU]: 0.5, [CPU]: 1 }, length(60))).toMatchObject({ name: CPU });
  });

  it('says why a named engine cannot be used', () => {
    expect(() => choose({ engine: ONNX }, { [CPU]: 1 }, length(60))).toThrow(
      /cannot be used here: it is not installed/,
    );
  });
});
