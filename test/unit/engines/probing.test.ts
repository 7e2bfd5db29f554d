import { describe, expect, it } from 'vitest';
import { whyUnusable } from '../../../src/engines/why-unusable.ts';

describe('whyUnusable', () => {
  it.each([
    [
      'Failed to load shared library',
      'libcublasLt.so.13: cannot open shared object file',
      /libcublasLt\.so\.13 is missing/,
    ],
    ['Failed to load shared library', '/x/libonnxruntime_providers_shared.so: cannot open shared object file', /pack/],
    ['Failed to get a WebGPU adapter: No supported adapters', '', /no Vulkan, Metal or Direct3D/],
    ['CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version', '', /driver is too old/],
    ['CUDA failure 100: no CUDA-capable device is detected', '', /finds no card/],
    ['CUDA failure 2: out of memory', '', /taken by another process/],
  ])('says what is wanting: %s', (message, log, reason) => {
    expect(whyUnusable(message, log)).toMatch(reason);
  });

  it('passes on what it does not know, without the place in the sources', () => {
    expect(whyUnusable('something new\nand its stack', '')).toBe('something new');
  });
});
