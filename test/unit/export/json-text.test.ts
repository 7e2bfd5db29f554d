import { expect, it } from 'vitest';
import { editJsonText } from '../../../src/export/json-text.ts';

it('keeps the digits of every number that is not edited', () => {
  const text = '{"a": 1.0, "b": [1e-06, -2, 0.10], "c": {"d": "x 1.0 \\" 2.0"}, "5.0": "7", "count": 3}';
  const edited = editJsonText(text, (fields) => ({ ...fields, count: 4, added: { '0': 'cat' } }));
  expect(edited).toContain('"a": 1.0,');
  expect(edited).toContain('1e-06');
  expect(edited).toContain('0.10');
  expect(JSON.parse(edited)).toEqual({ ...JSON.parse(text), count: 4, added: { '0': 'cat' } });
});
