import { describe, expect, it } from 'vitest';
import { driverOf } from '../../../../src/formats/nvidia.ts';
import { compareVersions } from '../../../../src/engines/packs/manifest.ts';
import { missingIn } from '../../../../src/engines/packs/shared-libraries.ts';

describe('the version of a driver', () => {
  it.each([
    [
      'NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun Jul 27 07:12:37 UTC 2025\nGCC version:  gcc version 12.3.0',
      '580.65.06',
    ],
    ['NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.124.04  Release Build', '570.124.04'],
    ['565.90\n565.90\n', '565.90'],
    ['NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.', null],
    ['', null],
  ])('is read out of what the system says', (text, version) => {
    expect(driverOf(text)).toBe(version);
  });
});

it('compares versions by their numbers', () => {
  expect(compareVersions('525.60.13', '525.60.13')).toBe(0);
  expect(compareVersions('1.9', '1.10')).toBeLessThan(0);
  expect(compareVersions('580.65.06', '580.65.6')).toBe(0);
  expect(compareVersions('2.36', '2')).toBeGreaterThan(0);
});

it('names the libraries that the loader misses, and those that are too old', () => {
  const text = [
    '\tlinux-vdso.so.1 (0x00007ffd)',
    '\tlibcuda.so.1 => not found',
    '\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f)',
    "./a.so: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.99' not found (required by ./a.so)",
  ].join('\n');
  expect(missingIn(text)).toEqual(['libcuda.so.1', 'GLIBC_2.99 of libc.so.6']);
  expect(missingIn('\tstatically linked')).toEqual([]);
});
