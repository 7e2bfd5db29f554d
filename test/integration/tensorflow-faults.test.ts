/** Packs of TensorFlow that are none, and what a program is not given. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { tensorFlow as tensorFlowOf } from '../../src/engines/tensorflow.ts';
import { mul } from '../../src/graph/build.ts';
import type { Graph } from '../../src/graph/ir.ts';
import { createGraph } from '../../src/graph/registry.ts';
import { float32 } from '../../src/graph/tensor.ts';
import { InputError } from '../../src/shared/errors.ts';
import { tensorFlow } from '../engines.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lowrank-test-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function doubling(): Graph {
  const graph = createGraph();
  graph.output('y', mul(graph.input('x', [2]), 2));
  return graph;
}

describe('a pack', () => {
  const engine = () => tensorFlowOf({ name: 'tensorflow-cpu', folder });
  const fault = () =>
    engine()
      .compile(doubling())
      .catch((error: unknown) => error);

  it('without its binding is to be installed again', async () => {
    const error = (await fault()) as InputError;
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toContain(
      'tfjs_binding.node: is missing in the pack of tensorflow-cpu; `lowrank engines install',
    );
  });

  it('whose binding cannot be loaded says what the system says of it', async () => {
    mkdirSync(join(folder, 'binding'));
    writeFileSync(join(folder, 'binding', 'tfjs_binding.node'), 'no library');
    const error = (await fault()) as InputError;
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toMatch(/^engine: TensorFlow could not be run: .*tfjs_binding\.node: /);
  });
});

describe.skipIf(tensorFlow === undefined)('TensorFlow', () => {
  it('leaves no file behind, runs after a pack that failed, and is one in a process', async () => {
    // Other tests write into the common one.
    vi.stubEnv('TMPDIR', folder);
    const program = await tensorFlow!.compile(doubling());
    expect(readdirSync(folder)).toEqual([]);
    expect((await program.run({ x: float32([2], [1, 2]) }))['y']!.data).toEqual(Float32Array.of(2, 4));
    await program.release();
    const second = tensorFlowOf({ name: 'tensorflow-cpu', folder }).compile(doubling());
    await expect(second).rejects.toThrow('engine: this process runs another TensorFlow already');
  });

  it('names the input that it is not given, and goes on after a run that failed', async () => {
    const program = await tensorFlow!.compile(doubling());
    await expect(program.run({})).rejects.toThrow('nothing is fed to x');
    await expect(program.run({ x: float32([3], [1, 2, 3]) })).rejects.toThrow('x is fed float32 [3], not float32 [2]');
    expect((await program.run({ x: float32([2], [3, 4]) }))['y']!.data).toEqual(Float32Array.of(6, 8));
    await program.release();
  });
});
