import { describe, expect, it } from 'vitest';
import { facts, table, widthOf } from '../../../src/cli/table.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';

const plain: Terminal = { live: false, colour: false, columns: () => 80, write: () => undefined };
const coloured: Terminal = { ...plain, colour: true };

describe('table', () => {
  const columns = [
    { title: 'layer', cell: ({ name }: { name: string; size: number }) => name },
    { title: 'size', cell: ({ size }: { name: string; size: number }) => String(size), right: true },
    { title: 'note', cell: () => '' },
  ];

  it('aligns words by their first letter and numbers by their last, without spaces at the end', () => {
    const rows = [
      { name: 'q_proj', size: 7 },
      { name: 'k', size: 12345 },
    ];
    expect(table(plain, rows, columns)).toEqual(['layer    size  note', 'q_proj      7', 'k       12345']);
  });

  it('keeps the titles where there is no row', () => {
    expect(table(plain, [], columns)).toEqual(['layer  size  note']);
  });

  it('counts wide characters twice and marks not at all', () => {
    expect(widthOf('猫')).toBe(2);
    expect(widthOf('e\u0301')).toBe(1);
    expect(widthOf('🐈')).toBe(2);
    const rows = [
      { name: '猫', size: 1 },
      { name: 'cat', size: 1 },
    ];
    expect(table(plain, rows, columns).slice(1)).toEqual(['猫        1', 'cat       1']);
  });

  it('lets no name of a file move the cursor', () => {
    const [, line] = table(plain, [{ name: 'a\u001b[2Jb\nc', size: 1 }], columns);
    expect(line).toBe('a\uFFFD[2Jb\uFFFDc     1');
  });
});

describe('facts', () => {
  it('aligns what is known and leaves out what is not', () => {
    expect(facts(plain, [{ name: 'run', value: 'r' }, null, { name: 'adapter', value: 'a' }])).toEqual([
      'run      r',
      'adapter  a',
    ]);
  });

  it('paints names and values where there are colours', () => {
    expect(facts(coloured, [{ name: 'a', value: 'b', style: 'bold' }])).toEqual([
      '\u001b[2ma\u001b[22m  \u001b[1mb\u001b[22m',
    ]);
  });
});
