/** What a checkpoint says of itself: as several versions of Ultralytics wrote it. */
import { describe, expect, it } from 'vitest';
import { PickleDict, PickleRecord, PickleSequence } from '../../../src/formats/pickle-values.ts';
import type { PickleValue } from '../../../src/formats/pickle-values.ts';
import { readCheckpoint } from '../../../src/models/yolo/checkpoint.ts';
import type { Checkpoint } from '../../../src/models/yolo/checkpoint.ts';

function dict(
  entries: Readonly<Record<string, PickleValue>> | readonly (readonly [PickleValue, PickleValue])[],
): PickleDict {
  const result = new PickleDict();
  const pairs = Array.isArray(entries) ? entries : Object.entries(entries);
  for (const [key, value] of pairs as readonly (readonly [PickleValue, PickleValue])[]) result.entries.set(key, value);
  return result;
}

function read(settings: Readonly<Record<string, PickleValue>>): Checkpoint {
  const model = new PickleRecord('ultralytics.nn.tasks.DetectionModel');
  model.state = dict(settings);
  return readCheckpoint(dict({ model }), 'model.pt');
}

describe('names of classes', () => {
  it.each([
    [
      'by number',
      dict([
        [0, 'disc'],
        [1, 'star'],
      ]),
    ],
    [
      'in any order',
      dict([
        [1, 'star'],
        [0, 'disc'],
      ]),
    ],
    ['by number as text', dict({ '0': 'disc', '1': 'star' })],
    ['as a list', new PickleSequence(['disc', 'star'])],
  ])('%s', (_, names) => {
    expect(read({ names }).names).toEqual(['disc', 'star']);
  });

  it('may be numbers', () => {
    expect(read({ names: new PickleSequence([3, 8]) }).names).toEqual(['3', '8']);
  });

  it.each([
    ['missing', undefined],
    [
      'from one on',
      dict([
        [1, 'disc'],
        [2, 'star'],
      ]),
    ],
    ['something else', new PickleSequence([new PickleDict()])],
  ])('are not told where they are %s', (_, names) => {
    expect(read(names === undefined ? {} : { names }).names).toBeUndefined();
  });
});

describe('channels of images', () => {
  it.each(['ch', 'channels'])('other than three are refused: %s', (key) => {
    expect(() => read({ yaml: dict({ [key]: 1 }) })).toThrow(
      'model.pt: takes images of 1 channel; supported are models of RGB images',
    );
    expect(read({ yaml: dict({ [key]: 3, yaml_file: 'yolo11n.yaml' }) }).family).toBe('yolo11');
  });

  it('are three where nothing is said', () => {
    expect(read({ yaml: dict({ yaml_file: 'yolov8s.yaml' }) }).family).toBe('yolov8');
  });
});
