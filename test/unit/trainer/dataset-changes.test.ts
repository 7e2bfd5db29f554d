import { describe, expect, it } from 'vitest';
import { datasetChanges } from '../../../src/trainer/dataset-changes.ts';

const dataset = (classes: string[], train = 8) => ({
  kind: 'yolo',
  classes,
  images: { train, validation: 2, test: 0 },
});
const before = dataset(['cat', 'dog']);

describe('a dataset that a run goes on with', () => {
  it('is as it was', () => {
    expect(datasetChanges(before, dataset(['cat', 'dog']), '/d')).toEqual([]);
  });

  it('has other images, which is told', () => {
    expect(datasetChanges(before, dataset(['cat', 'dog'], 9), '/d')).toEqual([
      'the dataset has changed since the run began: there were 8 train images and are 9; the run goes on with what is there',
    ]);
  });

  it.each([
    ['in another order', ['dog', 'cat'], 'class 0 was cat and is dog'],
    ['one more', ['cat', 'dog', 'bird'], 'there were 2 classes and are 3'],
    ['one less', ['cat'], 'there were 2 classes and are 1'],
  ])('has classes that are others, which is refused: %s', (_, classes, change) => {
    expect(() => datasetChanges(before, dataset(classes), '/d')).toThrow(
      `/d: its classes have changed since the run began: ${change}; undo that, or start a new run`,
    );
  });
});
