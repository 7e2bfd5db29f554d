/**
 * The places where a detection head predicts: one in the middle of each cell of each level's grid, level by level (small strides
 * first), row by row. All coordinates are pixels of the network's input.
 */

export interface Level {
  readonly stride: number;
  /** Of the grid, in cells. */
  readonly width: number;
  readonly height: number;
  /** The level's first anchor. */
  readonly start: number;
}

export interface Anchors {
  readonly count: number;
  readonly levels: readonly Level[];
  /** `[count]` each. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly stride: Float32Array;
}

/** For an input whose sides are multiples of the largest stride. Throws a `RangeError` for others: callers check what users ask for. */
export function anchorsOf({ width, height }: { width: number; height: number }, strides: readonly number[]): Anchors {
  const levels: Level[] = [];
  let count = 0;
  for (const stride of strides) {
    if (width % stride !== 0 || height % stride !== 0)
      throw new RangeError(`${width} × ${height} pixels are no multiple of the stride ${stride}`);
    const level = { stride, width: width / stride, height: height / stride, start: count };
    levels.push(level);
    count += level.width * level.height;
  }
  const anchors = {
    count,
    levels,
    x: new Float32Array(count),
    y: new Float32Array(count),
    stride: new Float32Array(count),
  };
  for (const level of levels) {
    for (let row = 0, anchor = level.start; row < level.height; row++) {
      for (let column = 0; column < level.width; column++, anchor++) {
        anchors.x[anchor] = (column + 0.5) * level.stride;
        anchors.y[anchor] = (row + 0.5) * level.stride;
        anchors.stride[anchor] = level.stride;
      }
    }
  }
  return anchors;
}
