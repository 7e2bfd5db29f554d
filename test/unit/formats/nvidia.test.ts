/** What `nvidia-smi` says of cards and of the processes on them. */
import { describe, expect, it } from 'vitest';
import { isCalled, parseCards, parseProcesses, visibleCards } from '../../../src/formats/nvidia.ts';

const TWO = parseCards(
  '0, GPU-5f0e1111-aaaa, NVIDIA H100 80GB HBM3, 81559, 4, 580.65.06\n' +
    '1, GPU-77771111-bbbb, NVIDIA H100 80GB HBM3, 81559, 70000, 580.65.06\n',
);
const indicesOf = (visible: string | undefined): number[] => visibleCards(TWO, visible).map(({ index }) => index);

describe('cards', () => {
  it('are read one a line, memory in bytes', () => {
    expect(TWO[0]).toEqual({
      index: 0,
      uuid: 'GPU-5f0e1111-aaaa',
      name: 'NVIDIA H100 80GB HBM3',
      memory: 81559 * 2 ** 20,
      memoryUsed: 4 * 2 ** 20,
      driver: '580.65.06',
    });
    expect(TWO).toHaveLength(2);
  });

  it('are not read out of what is none', () => {
    expect(parseCards('No devices were found\n\n0, GPU-1, NVIDIA T4, [N/A], 0, 535.1\n')).toEqual([]);
  });

  it('are those that CUDA_VISIBLE_DEVICES shows, as CUDA reads it', () => {
    expect(indicesOf(undefined)).toEqual([0, 1]);
    expect(indicesOf('1')).toEqual([1]);
    expect(indicesOf('GPU-7777')).toEqual([1]);
    expect(indicesOf('1, 0')).toEqual([0, 1]);
    expect(indicesOf('0,-1,1')).toEqual([0]);
    expect(indicesOf('')).toEqual([]);
  });

  it('are called by number or by the beginning of their UUID', () => {
    expect(isCalled(TWO[1]!, '1')).toBe(true);
    expect(isCalled(TWO[1]!, 'GPU-77771111-bbbb')).toBe(true);
    expect(isCalled(TWO[1]!, 'GPU-')).toBe(false);
    expect(isCalled(TWO[1]!, '11')).toBe(false);
  });
});

describe('processes on a card', () => {
  it('are read with their program, its commas included', () => {
    expect(parseProcesses('GPU-5f0e, 4711, 1024, /opt/a,b/python3\n')).toEqual([
      { uuid: 'GPU-5f0e', pid: 4711, name: 'python3', memory: 2 ** 30 },
    ]);
  });

  it('may have neither name nor memory, as in a container or under WSL', () => {
    expect(parseProcesses('GPU-5f0e, 4711, [N/A], [Not Found]\n')).toEqual([
      { uuid: 'GPU-5f0e', pid: 4711, name: null, memory: null },
    ]);
  });

  it('are not read out of what is none', () => {
    expect(parseProcesses('No running processes found\n')).toEqual([]);
  });
});
