/** Who measures what a detector finds, by the boxes that are really there: an export asks, a dataset answers (`validationScore`). */
import type { DetectionScore } from '../../shared/run/events.ts';
import type { Images } from '../format.ts';

/** A detector that tells boxes and probabilities. */
export interface DecodedDetector {
  readonly labels: readonly string[];
  /** Of the square pictures, in pixels. */
  readonly side: number;
  /** It answers once for each object; others need non-maximum suppression. */
  readonly isEndToEnd: boolean;
  /** Of one picture, uint8 [1, side, side, 3]. */
  run(picture: Images): Promise<DecodedAnswers>;
}

export interface DecodedAnswers {
  /** `[4 + classes, anchors]`: centre and size of each box in pixels, then probabilities. */
  readonly values: Float32Array;
  readonly anchors: number;
}

/** Null where the images' classes are not those of the detector. */
export type ScoreDetector = (
  detector: DecodedDetector,
) => Promise<{ readonly score: DetectionScore; readonly images: number } | null>;
