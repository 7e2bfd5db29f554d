/** Which card a run gets, and what it is told where the card is full, or gone. */
import { afterEach, expect, test, vi } from 'vitest';
import { parseCards, parseProcesses } from '../../../src/formats/nvidia.ts';
import { chooseCard, useCard } from '../../../src/trainer/choose-card.ts';
import { deviceLost, isDeviceLost } from '../../../src/trainer/device-lost.ts';
import { tooFull } from '../../../src/trainer/device-room.ts';

/** MiB in use, by card. */
const cardsOf = (...used: readonly number[]) =>
  parseCards(used.map((each, i) => `${i}, GPU-000${i}-cafe, NVIDIA H100, 80000, ${each}, 580.65`).join('\n'));
const indexOf = (device: string, used: readonly number[], taken: readonly string[] = []): number =>
  chooseCard(device, cardsOf(...used), (uuid) => taken.includes(uuid)).index;

afterEach(() => {
  vi.unstubAllEnvs();
});

test('of several cards the freest is taken, of equals the first', () => {
  expect(indexOf('auto', [0, 0])).toBe(0);
  expect(indexOf('auto', [30_000, 4])).toBe(1);
  // A desktop's few MB do not send a run to another card.
  expect(indexOf('auto', [200, 4])).toBe(0);
});

test('a card that a run has is taken last, however free it is', () => {
  expect(indexOf('auto', [4, 40_000], ['GPU-0000-cafe'])).toBe(1);
  expect(indexOf('auto', [4], ['GPU-0000-cafe'])).toBe(0);
});

test('a card is named by number or UUID, also one that is taken', () => {
  expect(indexOf('1', [0, 50_000], ['GPU-0001-cafe'])).toBe(1);
  expect(indexOf('GPU-0001', [0, 0])).toBe(1);
  expect(() => indexOf('2', [0, 0])).toThrow('device: there is no card 2; there are 0 (NVIDIA H100), 1 (NVIDIA H100)');
  expect(() => indexOf('0', [])).toThrow('there is no card 0: nvidia-smi tells none');
});

test('CUDA sees the chosen one alone, and one that is alone as it is', () => {
  vi.stubEnv('CUDA_VISIBLE_DEVICES', undefined);
  useCard(cardsOf(0)[0]!, cardsOf(0));
  expect(process.env['CUDA_VISIBLE_DEVICES']).toBeUndefined();
  const two = cardsOf(0, 0);
  useCard(two[1]!, two);
  expect(process.env['CUDA_VISIBLE_DEVICES']).toBe('GPU-0001-cafe');
});

test('a full card is told with who has filled it', () => {
  const [card] = cardsOf(78_000);
  const processes = parseProcesses(
    'GPU-0000-cafe, 77, 70000, /usr/bin/python3\nGPU-0000-cafe, 78, [N/A], [Not Found]\nGPU-0001-cafe, 79, 1, other',
  );
  expect(tooFull(8e9, card!, processes).message).toBe(
    'device: a step needs 8.00 GB, and GPU 0 has 2.10 GB of 83.9 GB free: process 77 (python3, 73.4 GB), process 78 have the rest; ' +
      'end them, choose another device, or a smaller training.batch',
  );
  expect(tooFull(8e9, card!, []).message).toContain('other programs have the rest');
});

test.each([
  'CUDA error: CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access was encountered',
  'CUDA failure 999: unspecified launch failure ; GPU=0',
  'Unable to determine the device handle for GPU 0000:01:00.0: GPU is lost.',
  'WebGPU device lost (2): Device was destroyed.',
  'VK_ERROR_DEVICE_LOST',
])('a device that is gone is known by "%s"', (message) => {
  expect(isDeviceLost(new Error(message))).toBe(true);
});

test('what was reached is said to be saved, and other failures are none of a device', () => {
  expect(isDeviceLost(new Error('Non-zero status code returned while running MatMul node'))).toBe(false);
  expect(deviceLost(new Error('VK_ERROR_DEVICE_LOST\nat x'), 'NVIDIA H100', 7).message).toBe(
    'engine: NVIDIA H100 no longer answers (VK_ERROR_DEVICE_LOST); what step 7 had reached is saved: resume the run, after a restart of the ' +
      'machine if it does so again',
  );
});
