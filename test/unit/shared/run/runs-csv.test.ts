import { expect, test } from 'vitest';
import { csvCell, runsCsv } from '../../../../src/shared/run/runs-csv.ts';
import { rowOf } from './rows.ts';

const HEADER =
  'id,name,status,created,dataset,base,method,rank,alpha,learningRate,epochs,steps,' +
  'bestAccuracy,lastAccuracy,validationLoss,trainingLoss,trainableParameters,adapterBytes,seconds,' +
  'bestMAP50-95,lastMAP50-95,lastMAP50\r\n';

test('no runs are a table of a header', () => {
  expect(runsCsv([])).toBe(HEADER);
});

test('one row a run; what is not known is empty', () => {
  const score = { loss: 0.5, accuracy: 0.75 };
  const trained = rowOf({
    name: 'cats, "dogs"',
    job: { lora: { rank: 4, alpha: 6 } },
    events: [
      { type: 'evaluation', step: 20, epoch: 1, split: 'validation', ...score, images: 8, perClass: null },
      { type: 'best', step: 20, ...score },
      { type: 'finished', step: 21, reason: 'completed', seconds: 3 },
    ],
  });
  const head = rowOf({ status: 'queued', job: { method: 'head' } });
  const first = '2026-01-02-030405-pets,';
  expect(runsCsv([trained, head])).toBe(
    `${HEADER}${first}"cats, ""dogs""",finished,2026-01-02T03:04:05.000Z,/data/pets,sample,lora,4,6,0.001,3,21,0.75,0.75,0.5,,,,,,,\r\n` +
      `${first}pets,queued,2026-01-02T03:04:05.000Z,/data/pets,sample,head,,,0.001,3,0,,,,,,,,,,\r\n`,
  );
});

test('a detector has its own columns', () => {
  const detection = { map50: 0.75, map: 0.5, precision: 1, recall: 1, f1: 1 };
  const score = { loss: 2, accuracy: null, detection };
  const trained = rowOf({
    events: [
      { type: 'evaluation', step: 20, epoch: 1, split: 'validation', ...score, images: 8, perClass: null },
      { type: 'best', step: 20, ...score },
    ],
  });
  expect(runsCsv([trained])).toMatch(/,,2,,,,,0\.5,0\.5,0\.75\r\n$/);
});

test('quotes what holds a comma, a quote or a line end, and nothing else', () => {
  expect(['a b', 'a,b', 'a"b', 'a\nb', 'a\rb', ''].map(csvCell)).toEqual([
    'a b',
    '"a,b"',
    '"a""b"',
    '"a\nb"',
    '"a\rb"',
    '',
  ]);
});

test('texts that a spreadsheet would run are texts; negative numbers are numbers', () => {
  expect(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '=A1,"x"'].map(csvCell)).toEqual([
    "'=1+1",
    "'+1",
    "'-1",
    "'@SUM(A1)",
    "'\tx",
    `"'=A1,""x"""`,
  ]);
  expect(csvCell(-1.5)).toBe('-1.5');
  expect(csvCell('a=b')).toBe('a=b');
});
