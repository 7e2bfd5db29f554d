/** What a run's panel tells of a detector's evaluations. */
import { beforeEach, expect, test } from 'vitest';
import { detectionsOf } from '../../../src/extension/runs/run-detections.ts';
import type { RunState } from '../../../src/shared/run/read-run.ts';
import { temporaryFolder, writeFiles } from '../data/folders.ts';

const folder = temporaryFolder();
let run: string;

const bytes = (content: unknown): Uint8Array => new Uint8Array(Buffer.from(JSON.stringify(content)));
const samplesOf = (step: number): Uint8Array =>
  bytes({
    version: 1,
    step,
    samples: [],
    detections: [{ file: `/pets/${step}.jpg`, score: 0, truth: [{ label: 'cat', box: [0, 0, 0.5, 0.5] }], found: [] }],
  });

beforeEach(() => {
  run = writeFiles(`${folder.path}/run`, {
    'samples/0.json': samplesOf(0),
    'samples/10.json': samplesOf(10),
    'samples/9.json': samplesOf(9),
    'samples/20.json': samplesOf(20),
    'samples/notes.txt': bytes(''),
  });
});
/** As far as it is looked at. */
const stateAt = (newest: number | null): RunState =>
  ({
    folder: run,
    identity: { setup: { dataset: { classes: ['cat', 'dog'] } } },
    summary: {
      samples: newest === null ? null : { step: newest },
      evaluations: newest === null ? {} : { validation: { detection: { map: 0 } } },
    },
  }) as never;
const uriOf = (file: string): string => `see:${file}`;

test('the newest evaluation is shown, those before can be; what a resumed run took back cannot', async () => {
  const shown = await detectionsOf(stateAt(10), { step: null, uriOf });
  expect(shown).toMatchObject({ steps: [0, 9, 10], step: 10, quality: null, classes: ['cat', 'dog'] });
  expect(shown!.images).toMatchObject([{ file: '/pets/10.jpg', uri: 'see:/pets/10.jpg', truth: [{ label: 'cat' }] }]);
});

test('another evaluation is shown when it is asked for, the newest where that is none', async () => {
  expect(await detectionsOf(stateAt(10), { step: 0, uriOf })).toMatchObject({
    step: 0,
    images: [{ file: '/pets/0.jpg' }],
  });
  expect(await detectionsOf(stateAt(10), { step: 20, uriOf })).toMatchObject({ step: 10 });
});

test('there is nothing to show before the first evaluation, and where a file is damaged', async () => {
  expect(await detectionsOf(stateAt(null), { step: null, uriOf })).toBeNull();
  writeFiles(run, { 'samples/10.json': bytes({ version: 2 }) });
  expect(await detectionsOf(stateAt(10), { step: null, uriOf })).toBeNull();
});
