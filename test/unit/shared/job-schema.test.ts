/** `schemas/lora-job.schema.json`, from which VS Code completes `*.lora.json`, is written from the zod schema: `npm run schema`. */
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { jobSchema } from '../../../src/shared/job.ts';

const FILE = join(import.meta.dirname, '../../../schemas/lora-job.schema.json');

/** The schema of what a person writes: fields with a default may be left out. */
const schema = z.toJSONSchema(jobSchema, { io: 'input', target: 'draft-7' });

test('the committed JSON Schema is the one of the job', async () => {
  const text = await format(JSON.stringify(schema), { ...(await resolveConfig(FILE)), filepath: FILE });
  await expect(text).toMatchFileSnapshot(FILE);
});

test('a job needs its data and its base, nothing else', () => {
  expect(schema.required).toEqual(['data', 'base']);
});
