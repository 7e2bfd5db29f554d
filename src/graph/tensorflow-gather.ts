/** Gathering and scattering in TensorFlow, which knows no indices from the end, and by element only those into one flat vector. */
import type { TensorFlowValue, TensorFlowWriter } from './define.ts';
import type { Value } from './ir.ts';
import { axisIndex, elements } from './shape.ts';
import type { Dim } from './shape.ts';
import type { DType } from './tensor.ts';

/** Slices of x at non-negative indices along one axis. */
export function gathered(
  w: TensorFlowWriter,
  x: TensorFlowValue,
  indices: TensorFlowValue,
  axis: number,
): TensorFlowValue {
  return w.node('GatherV2', [x, indices, w.scalar(axis, 'int32')], {
    Tparams: { type: x.dtype },
    Tindices: { type: indices.dtype },
    Taxis: { type: 'int32' },
  });
}

/** Indices into an axis of that length, of which negative ones count from its end, counted from its start. */
export function fromStart(w: TensorFlowWriter, indices: TensorFlowValue, length: Dim): TensorFlowValue {
  const isNegative = w.typed('Less', [indices, w.scalar(0, indices.dtype)], {}, 'bool');
  const wrapped = w.typed('AddV2', [indices, scalarLength(w, length, indices.dtype)]);
  const { dtype } = indices;
  return w.node('SelectV2', [isNegative, wrapped, indices], { T: { type: dtype } }, dtype);
}

/**
 * Where x[.., indices[.., i, ..], ..] lies among all elements of x: along `axis` it is the index that counts, along the others its own place.
 * In the shape and the type of the indices.
 */
export function flatPlaces(
  w: TensorFlowWriter,
  indices: TensorFlowValue,
  [x, { shape }]: readonly [x: Value, indices: Value, ...Value[]],
  axis: number,
): TensorFlowValue {
  const { dtype } = indices;
  const at = axisIndex(axis, shape.length);
  const length = (dim: Dim): TensorFlowValue => scalarLength(w, dim, dtype);
  const stride = (index: number): TensorFlowValue => length(elements(x.shape.slice(index + 1)));
  return shape.reduce(
    (places, dim, index) => {
      if (index === at || dim === 1) return places;
      const own = w.node('Range', [w.scalar(0, dtype), length(dim), w.scalar(1, dtype)], { Tidx: { type: dtype } });
      const along = w.reshape(
        w.typed('Mul', [own, stride(index)]),
        shape.map((_, other) => (other === index ? dim : 1)),
      );
      return w.typed('AddV2', [places, along]);
    },
    w.typed('Mul', [fromStart(w, indices, x.shape[at]!), stride(at)]),
  );
}

function scalarLength(w: TensorFlowWriter, dim: Dim, dtype: DType): TensorFlowValue {
  return typeof dim === 'number' ? w.scalar(dim, dtype) : w.cast(w.reshape(w.shape([dim]), []), dtype);
}
