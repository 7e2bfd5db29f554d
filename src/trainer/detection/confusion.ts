/**
 * What is taken for what: detections above a confidence, best first, each take the box that they overlap most and that none has taken,
 * whatever its class. One row and column more is the background: found where nothing is, or not found.
 */
import type { Detections, Truth } from './detections.ts';
import { iouAt } from './overlap.ts';

/** Of Ultralytics: a detection that is shown counts, and it need only roughly be in its place. */
const CONFIDENCE = 0.25;
const OVERLAP = 0.45;

export class ConfusionMatrix {
  readonly classes: number;
  /** `[classes + 1, classes + 1]`: rows by what was found, columns by what is there. */
  readonly counts: Float64Array;

  constructor(classes: number) {
    this.classes = classes;
    this.counts = new Float64Array((classes + 1) ** 2);
  }

  /** Crowds are not counted: nobody could find each object in them. */
  add(found: Detections, { boxes, labels, crowds }: Truth): void {
    const finder = new Int32Array(labels.length).fill(-1);
    for (const [index, score] of found.scores.entries()) {
      if (!(score > CONFIDENCE)) continue;
      let [winner, most] = [-1, OVERLAP];
      for (const target of labels.keys()) {
        if (finder[target] !== -1 || crowds?.[target] === 1) continue;
        const overlap = iouAt(found.boxes, 4 * index, boxes, 4 * target);
        if (overlap > most) [winner, most] = [target, overlap];
      }
      if (winner >= 0) finder[winner] = index;
      this.#count(found.labels[index]!, winner < 0 ? this.classes : labels[winner]!);
    }
    for (const [target, index] of finder.entries())
      if (index < 0 && crowds?.[target] !== 1) this.#count(this.classes, labels[target]!);
  }

  #count(found: number, there: number): void {
    this.counts[found * (this.classes + 1) + there]! += 1;
  }
}
