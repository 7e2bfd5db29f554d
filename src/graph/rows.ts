/** Layers work on the last axis; their matrices see all other axes as rows. */
import { reshape } from './build.ts';
import type { Value } from './ir.ts';
import { elements } from './shape.ts';

/** [..., n] as a matrix [rows, n]. */
export function asRows(x: Value): Value {
  return reshape(x, [elements(x.shape.slice(0, -1)), x.shape.at(-1)!]);
}

/** A matrix [rows, n] with the leading axes of `origin`: the inverse of asRows. */
export function likeRows(rows: Value, origin: Value): Value {
  return reshape(rows, [...origin.shape.slice(0, -1), rows.shape.at(-1)!]);
}
