import { describe, expect, it } from 'vitest';
import { Progress } from '../../../src/cli/progress.ts';
import { History, sparkline } from '../../../src/cli/sparkline.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';
import type { NewRunEvent, RunEvent } from '../../../src/shared/run/events.ts';

/** A clock, a terminal and a progress over them; every event takes `second` of a second. */
function watch(columns: number | null, past: RunEvent[] = []) {
  let written = '';
  let now = 0;
  let seq = 0;
  const terminal: Terminal = {
    live: columns !== null,
    colour: false,
    columns: () => columns ?? 80,
    write: (text) => (written += text),
  };
  const progress = new Progress(terminal, past, () => now);
  return {
    progress,
    tell: (event: NewRunEvent, milliseconds = 1000) => {
      now += milliseconds;
      progress.show({ ...event, seq: ++seq, time: now });
    },
    written: () => written,
    lines: () => written.split('\n').slice(0, -1),
    /** What a terminal shows in its last line. */
    lastLine: () => written.split('\n').at(-1)!.split('\r').at(-1)!.replace('\u001b[K', ''),
  };
}

const ready: NewRunEvent = { type: 'ready', totalSteps: 100, stepsPerEpoch: 50, epochs: 2 };
const step = (number: number, loss: number | null = 1): NewRunEvent => ({
  type: 'step',
  step: number,
  epoch: number > 50 ? 1 : 0,
  loss,
  learningRate: 1e-3,
  gradientNorm: 1,
  imagesPerSecond: 118.4,
});
const evaluation: NewRunEvent = {
  type: 'evaluation',
  step: 3,
  epoch: 0,
  split: 'validation',
  loss: 0.4321,
  accuracy: 0.875,
  images: 8,
  perClass: null,
};

describe('on a terminal', () => {
  it('writes one line anew', () => {
    const { tell, lines, lastLine } = watch(120);
    tell({ type: 'preparing', what: 'opening the dataset' });
    expect(lastLine()).toBe('');
    tell({ type: 'started', host: 'here', pid: 1 });
    expect(lastLine()).toBe('opening the dataset …');
    tell(ready);
    for (const [i, loss] of [2, 1.5, 1].entries()) tell(step(i + 1, loss));
    expect(lastLine()).toBe('epoch 1/2  step 3/100  loss 1.000  █▅▁  118 images/s  1 min 37 s left');
    expect(lines()).toEqual([]);
  });

  it('keeps evaluations above it, and goes on with their accuracy', () => {
    const { tell, lines, lastLine } = watch(120);
    for (const event of [
      { type: 'started', host: 'here', pid: 1 },
      ready,
      step(1),
      step(2),
      step(3),
      evaluation,
    ] as const)
      tell(event);
    expect(lines().map(plain)).toEqual(['step 3  validation loss 0.4321  accuracy 87.5 %']);
    expect(lastLine()).toContain('accuracy 87.5 %');
  });

  it.each([79, 60, 50, 40, 30, 20, 12])('never writes a line longer than %d columns, and keeps the loss', (columns) => {
    const { tell, lastLine } = watch(columns);
    for (const event of [
      { type: 'started', host: 'here', pid: 1 },
      ready,
      step(1),
      step(2),
      evaluation,
      step(3),
    ] as const)
      tell(event);
    expect(lastLine()).toContain('loss 1.000');
    expect(lastLine().length).toBeLessThan(columns);
  });

  it('does not redraw faster than one can read', () => {
    const { tell, written } = watch(80);
    tell({ type: 'started', host: 'here', pid: 1 });
    tell(ready);
    for (let i = 1; i <= 1000; i++) tell(step(i), 1);
    expect(written().split('\r').length).toBeLessThan(15);
  });

  it('does not count a pause into the time that is left', () => {
    const { tell, lastLine } = watch(120);
    for (const event of [{ type: 'started', host: 'here', pid: 1 }, ready, step(1), step(2)] as const) tell(event);
    tell({ type: 'paused', step: 2 });
    tell({ type: 'continued', step: 2 }, 3_600_000);
    tell(step(3));
    tell(step(4));
    expect(lastLine()).toContain('1 min 36 s left');
  });

  it('leaves no line behind when it ends', () => {
    const { tell, lastLine, progress } = watch(80);
    tell({ type: 'started', host: 'here', pid: 1 });
    tell({ type: 'finished', step: 100, reason: 'completed', seconds: 75 });
    progress.end();
    expect(lastLine()).toBe('');
  });
});

describe('on a pipe', () => {
  it('writes plain lines, of steps only some', () => {
    const { tell, written, lines } = watch(null);
    tell({ type: 'started', host: 'here', pid: 1 });
    tell({ type: 'preparing', what: 'compiling' });
    tell(ready);
    for (let i = 1; i <= 25; i++) tell(step(i));
    tell({ type: 'finished', step: 25, reason: 'early-stopping', seconds: 75 });
    for (const control of ['\r', '\u001b']) expect(written()).not.toContain(control);
    expect(lines()).toEqual([
      'compiling …',
      'epoch 1/2  step 1/100  loss 1.000  118 images/s',
      'epoch 1/2  step 11/100  loss 1.000  118 images/s  1 min 29 s left',
      'epoch 1/2  step 21/100  loss 1.000  118 images/s  1 min 19 s left',
      'finished after 1 min 15 s at step 25, as it did not get better any more',
    ]);
  });

  it('tells what went wrong', () => {
    const { tell, lines } = watch(null);
    tell({ type: 'skipped-image', file: 'a.png', reason: 'truncated' });
    tell({ type: 'warning', message: 'slow disk' });
    tell({ type: 'control-acknowledged', id: 1, command: 'resume', refused: 'not paused' });
    tell({ type: 'failed', step: 7, cause: 'divergence', message: 'the loss is not a number' });
    expect(lines()).toEqual([
      'skipped a.png: truncated',
      'warning: slow disk',
      'resume: not paused',
      'failed at step 7: the loss is not a number',
    ]);
  });

  it('says of a loss that was not finite that it is none', () => {
    const { tell, written } = watch(null);
    tell(step(1, null));
    expect(written()).toContain('loss not a number');
  });
});

describe('sparkline', () => {
  it('spans the lowest and the highest value', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7])).toBe('▁▂▃▄▅▆▇█');
    expect(sparkline([5, 5])).toBe('▁▁');
    expect(sparkline([])).toBe('');
  });
});

describe('History', () => {
  it('holds any number of values as averages of equal weight', () => {
    const history = new History(4);
    for (let i = 1; i <= 8; i++) history.add(i);
    // Twice full: averages of four each.
    expect(history.values()).toEqual([2.5, 6.5]);
    for (let i = 9; i <= 12; i++) history.add(i);
    expect(history.values()).toEqual([2.5, 6.5, 10.5]);
  });

  it('never exceeds its capacity', () => {
    const history = new History(16);
    let most = 0;
    for (let i = 0; i < 100_000; i++) {
      history.add(i);
      most = Math.max(most, history.values().length);
    }
    expect(most).toBe(15);
  });
});

/** Without the sequences that clear the live line. */
function plain(line: string): string {
  return line.split('\u001b[K').at(-1)!;
}
