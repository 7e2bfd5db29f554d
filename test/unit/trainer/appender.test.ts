import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Appender } from '../../../src/trainer/appender.ts';
import { useWorkspace } from './temporary-run.ts';

vi.mock('node:fs', { spy: true });
afterEach(() => {
  vi.mocked(fs.writeSync).mockReset();
});

const workspace = useWorkspace();
const setUp = (before?: string): { path: string; file: Appender; text: () => string } => {
  const path = join(workspace.root, 'lines');
  if (before !== undefined) fs.writeFileSync(path, before);
  return { path, file: new Appender(path), text: () => fs.readFileSync(path, 'utf8') };
};

describe('Appender', () => {
  it.each([
    [undefined, 'b\nc\n'],
    ['', 'b\nc\n'],
    ['a\n', 'a\nb\nc\n'],
    ['torn', 'torn\nb\nc\n'],
  ])('behind %j writes what was gathered when it is flushed', (before, after) => {
    const { file, text } = setUp(before);
    file.add('b\n');
    file.add('c\n');
    expect(text()).toBe(before ?? '');
    file.flush();
    file.flush();
    expect(text()).toBe(after);
    file.close();
  });

  it('says that the disk is full, and goes on behind the torn line once it is not', async () => {
    const { writeSync } = await vi.importActual<typeof fs>('node:fs');
    const { path, file, text } = setUp('a\n');
    file.add('lost\n');
    vi.mocked(fs.writeSync)
      .mockImplementationOnce((descriptor) => writeSync(descriptor, 'lo'))
      .mockImplementationOnce(() => {
        throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      });
    expect(() => {
      file.flush();
    }).toThrow(`${path}: the disk is full`);
    file.add('b\n');
    file.flush();
    expect(text()).toBe('a\nlo\nb\n');
    file.close();
  });

  it('writes all of what the system takes in parts', async () => {
    const { writeSync } = await vi.importActual<typeof fs>('node:fs');
    const { file, text } = setUp();
    vi.mocked(fs.writeSync).mockImplementation(((descriptor: number, bytes: Buffer, offset: number) =>
      writeSync(descriptor, bytes, offset, 1)) as typeof fs.writeSync);
    file.add('größer\n');
    file.flush();
    expect(text()).toBe('größer\n');
    file.close();
  });
});
