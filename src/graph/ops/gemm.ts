import { gemm as product, unbroadcast } from '../build.ts';
import type { GemmFlags } from '../build.ts';
import { defineOp } from '../define.ts';
import type { OnnxWriter } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { scaledProduct } from '../scaled-product.ts';
import { broadcast, formatDim, sameDim, sameShape, ShapeError } from '../shape.ts';

/** alpha · op(A)·op(B) + C of matrices; C broadcasts to the product. */
export const gemm = defineOp<[a: Value, b: Value, c: Value | undefined], GemmFlags>({
  name: 'Gemm',
  shape: ([a, b, c], { transA, transB }) => {
    if (a.shape.length !== 2 || b.shape.length !== 2) throw new ShapeError('operands must be matrices');
    const [rows, inner] = transA ? [a.shape[1]!, a.shape[0]!] : [a.shape[0]!, a.shape[1]!];
    const [outer, columns] = transB ? [b.shape[1]!, b.shape[0]!] : [b.shape[0]!, b.shape[1]!];
    if (!sameDim(inner, outer))
      throw new ShapeError(`inner dimensions ${formatDim(inner)} and ${formatDim(outer)} differ`);
    if (c !== undefined && !sameShape(broadcast(c.shape, [rows, columns]), [rows, columns]))
      throw new ShapeError('C does not broadcast');
    return [like(a, [rows, columns])];
  },
  vjp: ({ inputs: [a, b, c], attributes: { transA = false, transB = false, alpha = 1 } }, [dy]) => [
    () =>
      transA
        ? product(b, dy!, undefined, { transA: transB, transB: true, alpha })
        : product(dy!, b, undefined, { transB: !transB, alpha }),
    () =>
      transB
        ? product(dy!, a, undefined, { transA: true, transB: transA, alpha })
        : product(a, dy!, undefined, { transA: !transA, alpha }),
    c && (() => unbroadcast(dy!, c.shape)),
  ],
  onnx: (w, { names: [a, b, c], results, attributes: { transA, transB, alpha } }) => {
    const inPlace = w.has('TransposedGemm');
    const operands = inPlace ? [a, b] : [turned(w, a, transA), turned(w, b, transB)];
    w.node('Gemm', c === '' ? operands : [...operands, c], results, {
      transA: inPlace && transA ? { int: 1 } : undefined,
      transB: inPlace && transB ? { int: 1 } : undefined,
      alpha: alpha === undefined ? undefined : { float: alpha },
    });
  },
  tensorflow: (w, { operands: [a, b, c], inputs, outputs: [y], attributes: { transA, transB, alpha } }) => {
    const product = scaledProduct(w, alpha, [a, b], [inputs[0], inputs[1], y!], (left, right) =>
      w.typed('MatMul', [left, right], {
        transpose_a: { bool: transA ?? false },
        transpose_b: { bool: transB ?? false },
      }),
    );
    if (c === undefined) return product;
    // As a bias TensorFlow adds it while it multiplies.
    const isBias = inputs[2]!.shape.length === 1 && sameDim(inputs[2]!.shape[0]!, y!.shape[1]!);
    return w.typed(isBias ? 'BiasAdd' : 'AddV2', [product, c]);
  },
  flops: ([a], [y], { transA }) => 2 * (transA ? a![0]! : a![1]!) * y![0]! * y![1]!,
  cases: [
    { inputs: [[2, 3], [3, 4], undefined], attributes: {} },
    { inputs: [[3, 2], [4, 3], [4]], attributes: { transA: true, transB: true, alpha: 0.5 } },
    {
      inputs: [
        [3, 2],
        [3, 4],
        [2, 1],
      ],
      attributes: { transA: true },
    },
    {
      inputs: [
        [2, 3],
        [4, 3],
        [2, 4],
      ],
      attributes: { transB: true },
    },
  ],
});

/** Written out; of a constant an engine does it once, when it compiles. */
function turned(w: OnnxWriter, operand: string, isTransposed = false): string {
  if (!isTransposed) return operand;
  const result = w.fresh('turned');
  w.node('Transpose', [operand], [result], { perm: { ints: [1, 0] } });
  return result;
}
