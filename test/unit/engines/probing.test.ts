import { describe, expect, it } from 'vitest';
import { parseCards } from '../../../src/engines/nvidia.ts';
import { whyUnusable } from '../../../src/engines/why-unusable.ts';

describe('parseCards', () => {
  it('reads one card a line, memory in bytes', () => {
    expect(parseCards('NVIDIA H100 80GB HBM3, 81559, 4, 580.65.06\n')).toEqual([
      { name: 'NVIDIA H100 80GB HBM3', memory: 81559 * 2 ** 20, memoryUsed: 4 * 2 ** 20, driver: '580.65.06' },
    ]);
  });

  it('passes over what is no card', () => {
    expect(parseCards('No devices were found\n\nNVIDIA T4, [N/A], 0, 535.1\n')).toEqual([]);
  });
});

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
