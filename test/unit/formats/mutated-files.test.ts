/**
 * 10 000 damaged files for each parser: whatever they hold, the only failure is an `InputError` of one line. A share of them must
 * be read and a share refused, else the mutations would test nothing.
 */
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { parseJson } from '../../../src/formats/json.ts';
import { decodeModel } from '../../../src/formats/onnx-proto.ts';
import { tensorFromProto } from '../../../src/formats/onnx-tensor.ts';
import { openSafetensors, openSafetensorsIndex } from '../../../src/formats/safetensors.ts';
import { InputError } from '../../../src/shared/errors.ts';
import { jobSchema } from '../../../src/shared/job.ts';
import { mutations } from './mutations.ts';

const COUNT = 10_000;
const FIXTURES = join(import.meta.dirname, '../../fixtures/formats');
const directory = mkdtempSync(join(tmpdir(), 'lowrank-mutated-'));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

function fixture(name: string): Uint8Array {
  return readFileSync(join(FIXTURES, name));
}

/** A file whose content is changed in place: making 10 000 files takes minutes on a busy disk. */
function rewritable(name: string): { path: string; rewrite: (bytes: Uint8Array) => void } {
  const path = join(directory, name);
  const descriptor = openSync(path, 'w');
  afterAll(() => {
    closeSync(descriptor);
  });
  return {
    path,
    rewrite: (bytes) => {
      ftruncateSync(descriptor, bytes.length);
      writeSync(descriptor, bytes, 0, bytes.length, 0);
    },
  };
}
const weights = rewritable('model.safetensors');
const index = rewritable('model.safetensors.index.json');

/** Of `COUNT` damaged files, how many `parse` read and refused. */
function outcomes(seeds: readonly Uint8Array[], parse: (bytes: Uint8Array) => void): { read: number; refused: number } {
  const counts = { read: 0, refused: 0 };
  for (const bytes of mutations(seeds, COUNT)) {
    try {
      parse(bytes);
      counts.read++;
    } catch (error) {
      if (!(error instanceof InputError) || error.message.includes('\n')) {
        throw new Error(`escaped from ${Buffer.from(bytes).toString('base64')}`, { cause: error });
      }
      counts.refused++;
    }
  }
  return counts;
}

function expectBoth({ read, refused }: { read: number; refused: number }): void {
  expect(read).toBeGreaterThan(COUNT / 100);
  expect(refused).toBeGreaterThan(COUNT / 100);
}

it('safetensors', () => {
  const seeds = [fixture('every-dtype.safetensors'), fixture('canonical.safetensors')];
  const counts = outcomes(seeds, (bytes) => {
    weights.rewrite(bytes);
    const file = openSafetensors(weights.path);
    try {
      for (const name of file.names()) file.read(name);
    } finally {
      file.close();
    }
  });
  expectBoth(counts);
});

it('ONNX', () => {
  const counts = outcomes([fixture('tensors.onnx'), fixture('external.onnx')], (bytes) => {
    const { graph } = decodeModel(bytes, { file: 'model.onnx' });
    for (const tensor of graph.initializer) {
      if (tensor.dataType !== 8) tensorFromProto(tensor, { directory: FIXTURES, file: 'model.onnx' });
    }
  });
  expectBoth(counts);
});

const JOB = {
  name: 'größer',
  data: 'flowers',
  base: 'hf:owner/name@main',
  lora: { rank: 8, alpha: 16, targetModules: ['q_proj'], rankPattern: { 'layers.0': 4 } },
  training: { epochs: 3, learningRate: 1e-3 },
  augmentation: { crop: { scale: [0.5, 1], ratio: [0.75, 1.3] } },
};

it.each([false, true])('JSON, comments: %s', (comments) => {
  const text = `${comments ? '// A job.\n' : ''}${JSON.stringify(JOB, null, 2)}`;
  const counts = outcomes([Buffer.from(text)], (bytes) => {
    parseJson(Buffer.from(bytes).toString('utf8'), 'job.json', jobSchema, { comments });
  });
  expectBoth(counts);
});

it('indexes of sharded safetensors', () => {
  writeFileSync(join(directory, 'a.safetensors'), fixture('canonical.safetensors'));
  const names = { f32: 'a.safetensors', i64: 'a.safetensors', scalar: 'a.safetensors' };
  const seed = Buffer.from(JSON.stringify({ metadata: { total_size: 76 }, weight_map: names }));
  const counts = outcomes([seed], (bytes) => {
    index.rewrite(bytes);
    openSafetensorsIndex(index.path).close();
  });
  expectBoth(counts);
});
