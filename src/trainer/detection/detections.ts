/** What was found in an image, and what is really there. Boxes are `[count, 4]`, corners in pixels. */

export interface Detections {
  readonly boxes: Float32Array;
  readonly labels: Int32Array;
  /** 0…1, falling. */
  readonly scores: Float32Array;
}

export interface Truth {
  readonly boxes: Float32Array;
  readonly labels: Int32Array;
  /** 1 where a box stands for a crowd: detections inside it count neither for nor against. */
  readonly crowds?: Uint8Array;
}

export interface Detection {
  readonly label: number;
  readonly score: number;
  readonly box: readonly number[];
}

export function detectionsOf(found: readonly Detection[]): Detections {
  return {
    boxes: Float32Array.from(found.flatMap(({ box }) => box)),
    labels: Int32Array.from(found, ({ label }) => label),
    scores: Float32Array.from(found, ({ score }) => score),
  };
}

/** Beyond these an image's detections are noise: the limit of Ultralytics' validation. */
export const MAX_DETECTIONS = 300;
