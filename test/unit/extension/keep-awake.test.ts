import { describe, expect, it } from 'vitest';
import { commandFor } from '../../../src/extension/runs/keep-awake.ts';

describe('keeping the machine awake', () => {
  it('is tied to the process that trains, on every system that is known', () => {
    for (const platform of ['linux', 'darwin', 'win32'] as const)
      expect(commandFor(platform, 4711)?.join(' '), platform).toMatch(/\b4711\b/);
    expect(commandFor('aix', 4711)).toBeNull();
  });
});
