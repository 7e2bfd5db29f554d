import { expect, it } from 'vitest';
import { throttled } from '../../../src/tasks/throttle.ts';

it('tells progress twenty times a second, and the end always', () => {
  const told: number[] = [];
  let time = 0;
  const progress = throttled(
    (done) => told.push(done),
    () => time,
  );
  for (let done = 1; done <= 1000; done++, time += 1) progress(done, 1000);
  expect(told).toEqual([
    1, 51, 101, 151, 201, 251, 301, 351, 401, 451, 501, 551, 601, 651, 701, 751, 801, 851, 901, 951, 1000,
  ]);
});
