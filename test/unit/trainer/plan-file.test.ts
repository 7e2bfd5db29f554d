import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeRandomVit } from '../../../scripts/random-vit.ts';
import { initialise, toAdapter } from '../../../src/lora/state.ts';
import { writeTrained } from '../../../src/lora/trained.ts';
import { moduleNodes } from '../../../src/models/base.ts';
import type { Base } from '../../../src/models/base.ts';
import { openBase } from '../../../src/models/open-base.ts';
import { jobSchema } from '../../../src/shared/job.ts';
import { planFile } from '../../../src/trainer/plan-file.ts';

let folder: string;
let base: Base;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lowrank-plan-file-'));
  const labels = ['ant', 'bee'];
  await writeRandomVit(join(folder, 'vit'), { width: 16, layers: 2, heads: 2, image: 16, patch: 8, labels }, 1);
  base = await openBase(join(folder, 'vit'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('planFile', () => {
  it.each([
    { name: 'lora', method: 'lora' },
    { name: 'its own classes', method: 'lora', classes: ['ant', 'bee'] },
    { name: 'names beyond ASCII', method: 'lora', classes: ['Käfer', '蝶', 'ant'] },
    { name: 'DoRA of single modules', method: 'lora', lora: { useDora: true, targetModules: ['q_proj', 'fc2'] } },
    { name: 'ranks by pattern', method: 'lora', lora: { rankPattern: { fc1: 3 }, alphaPattern: { q_proj: 5 } } },
    // The file holds twice the rank.
    { name: 'PiSSA', method: 'lora', lora: { init: 'pissa', rank: 3 } },
    { name: 'modules to save', method: 'lora', lora: { modulesToSave: ['vit.layernorm'] } },
    { name: 'head', method: 'head' },
    { name: 'full', method: 'full' },
  ] as const)('is the size of the file that is then written: $name', async ({ name, method, ...given }) => {
    const { classes = ['a', 'b', 'c'], lora = {} } = { classes: undefined, lora: undefined, ...given };
    const job = jobSchema.parse({ data: folder, base: 'vit', method, lora: { rank: 4, ...lora } });
    const initial = initialise(base, job, classes);
    const adapter = toAdapter(initial, initial.values, { base, job, classes });
    const directory = join(folder, name);
    await writeTrained(directory, adapter, { method, modules: [...moduleNodes(base.graph).keys()] });
    const [weights] = readdirSync(directory).filter((file) => file.endsWith('.safetensors'));
    const { size } = statSync(join(directory, weights!));
    expect(planFile({ job, base, classes, adapted: initial.adapted }).bytes).toBe(size);
  });
});
