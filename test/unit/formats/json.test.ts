import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { parseJson, readJson } from '../../../src/formats/json.ts';
import { InputError } from '../../../src/shared/errors.ts';

const directory = mkdtempSync(join(tmpdir(), 'lowrank-json-'));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

const schema = z.object({ lora: z.object({ rank: z.int().min(1) }), sizes: z.array(z.number()).default([]) });

function failure(text: string, options = {}): InputError {
  try {
    parseJson(text, 'job.json', schema, options);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('accepted');
}

describe('readJson', () => {
  it('reads what the schema describes, with its defaults', () => {
    const path = join(directory, 'good.json');
    writeFileSync(path, '\uFEFF{"lora": {"rank": 4}}');
    expect(readJson(path, schema)).toEqual({ lora: { rank: 4 }, sizes: [] });
  });

  it('names a missing file', () => {
    const path = join(directory, 'none.json');
    expect(() => readJson(path, schema)).toThrow(new InputError('no such file or folder', { file: path }));
  });

  it('refuses a file above the limit without reading it', () => {
    const path = join(directory, 'large.json');
    writeFileSync(path, ' '.repeat(101));
    expect(() => readJson(path, schema, { maxBytes: 100 })).toThrow(
      /large.json: 101 bytes are more than the 100 allowed/,
    );
  });
});

describe('parseJson', () => {
  it('tells a syntax error by its line', () => {
    const error = failure('{\n  "lora": {"rank": 4}\n  "sizes": []\n}');
    expect(error.message).toBe('job.json:3: invalid JSON: comma expected');
  });

  it('tells a wrong field by name and line', () => {
    const error = failure('{\n  "lora": {\n    "rank": 0\n  }\n}');
    expect(error.place).toEqual({ file: 'job.json', line: 3, field: 'lora.rank' });
    expect(error.message).not.toContain('\n');
  });

  it('tells a missing field by the line of what should hold it', () => {
    expect(failure('{\n  "lora": {}\n}').place).toEqual({ file: 'job.json', line: 2, field: 'lora.rank' });
  });

  it('names an element of a list and counts further faults', () => {
    const error = failure('{"lora": {"rank": 1}, "sizes": [1, "two", "three"]}');
    expect(error.place.field).toBe('sizes[1]');
    expect(error.message).toContain('(and 1 more)');
  });

  it('takes comments and trailing commas only when asked', () => {
    const text = '{\n  // The rank.\n  "lora": { "rank": 2, },\n}';
    expect(parseJson(text, 'job.json', schema, { comments: true }).lora.rank).toBe(2);
    expect(failure(text).place.line).toBe(2);
  });

  it('survives nesting that would exhaust the stack', () => {
    const deep = '['.repeat(500_000);
    expect(failure(deep).message).toMatch(/nested too deeply|invalid JSON/);
    expect(failure(deep, { comments: true }).message).toMatch(/nested too deeply|invalid JSON/);
    expect(failure(`{"lora": ${deep}${']'.repeat(500_000)}}`).place.field).toBe('lora');
  });
});
