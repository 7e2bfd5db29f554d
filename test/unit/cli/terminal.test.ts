import { describe, expect, it } from 'vitest';
import { LiveLine, paint, terminalOf } from '../../../src/cli/terminal.ts';

function stream(isTTY: boolean) {
  const written: string[] = [];
  return { isTTY, columns: 100, write: (text: string) => written.push(text), written };
}

describe('terminalOf', () => {
  it.each<[tty: boolean, env: NodeJS.ProcessEnv, live: boolean, colour: boolean]>([
    [true, {}, true, true],
    [false, {}, false, false],
    [true, { NO_COLOR: '1' }, true, false],
    [true, { NO_COLOR: '' }, true, true],
    [true, { TERM: 'dumb' }, false, false],
    [false, { FORCE_COLOR: '1' }, false, true],
    [true, { FORCE_COLOR: '0' }, true, false],
    [false, { FORCE_COLOR: '1', NO_COLOR: '1' }, false, false],
  ])('terminal %s with %j: live %s, colour %s', (tty, env, live, colour) => {
    expect(terminalOf(stream(tty), env)).toMatchObject({ live, colour });
  });

  it('knows its width, 80 where there is none', () => {
    expect(terminalOf(stream(true)).columns()).toBe(100);
    expect(terminalOf({ write: () => true }).columns()).toBe(80);
  });
});

describe('paint', () => {
  it('styles where there are colours', () => {
    expect(paint({ colour: true }, 'red', 'no')).toBe('\u001b[31mno\u001b[39m');
    expect(paint({ colour: false }, 'red', 'no')).toBe('no');
  });
});

describe('LiveLine', () => {
  it('is replaced, makes way for lines that stay, and goes', () => {
    const out = stream(true);
    const line = new LiveLine(terminalOf(out, {}));
    line.show('one');
    line.show('two');
    line.print('kept');
    line.clear();
    expect(out.written).toEqual(['\rone\u001b[K', '\rtwo\u001b[K', '\r\u001b[K', 'kept\n']);
  });
});
