import { matmul as product, transpose, unbroadcast } from '../build.ts';
import type { MatMulFlags } from '../build.ts';
import { defineOp } from '../define.ts';
import type { OnnxWriter, TensorFlowValue } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { scaledOne, scaledProduct } from '../scaled-product.ts';
import { broadcast, formatDim, sameDim, ShapeError } from '../shape.ts';
import type { Shape } from '../shape.ts';

const flagged = (on: boolean | undefined): { int: number } | undefined => (on ? { int: 1 } : undefined);

/** [rows, batch, columns] as [batch, rows, columns]. */
const swapBatch = (rank: number): number[] => [...Array.from({ length: rank - 2 }, (_, axis) => axis + 1), 0, rank - 1];
/** The inverse of swapBatch. */
const unswapBatch = (rank: number): number[] => [
  rank - 2,
  ...Array.from({ length: rank - 2 }, (_, axis) => axis),
  rank - 1,
];
const swapLast = (rank: number): number[] => [
  ...Array.from({ length: rank - 2 }, (_, axis) => axis),
  rank - 1,
  rank - 2,
];

function operand({ shape }: Value, trans: boolean | undefined, transBatch: boolean | undefined): Shape {
  const batched = transBatch ? swapBatch(shape.length).map((axis) => shape[axis]!) : shape;
  return trans ? swapLast(shape.length).map((axis) => batched[axis]!) : batched;
}

/**
 * alpha · op(A)·op(B) over the last two axes, the others broadcast. ONNX Runtime's FusedMatMul reads transposed operands where they
 * lie; elsewhere the transposes are written out.
 */
export const matmul = defineOp<[a: Value, b: Value], MatMulFlags>({
  name: 'MatMul',
  shape: ([a, b], { transA, transB, transBatchA, transBatchB }) => {
    if (a.shape.length < 2 || b.shape.length < 2) throw new ShapeError('operands need two axes or more');
    const [left, right] = [operand(a, transA, transBatchA), operand(b, transB, transBatchB)];
    const [inner, outer] = [left.at(-1)!, right.at(-2)!];
    if (!sameDim(inner, outer))
      throw new ShapeError(`inner dimensions ${formatDim(inner)} and ${formatDim(outer)} differ`);
    return [like(a, [...broadcast(left.slice(0, -2), right.slice(0, -2)), left.at(-2)!, right.at(-1)!])];
  },
  // With Y = A·B: dA = dY·Bᵀ and dB = Aᵀ·dY, each turned the way its operand was stored.
  vjp: ({ inputs: [a, b], attributes: { transA, transB, transBatchA, transBatchB, alpha } }, [dy]) => {
    const scaled = alpha === undefined ? {} : { alpha };
    // The products below come out transposed where the operand was; what is left is to sum stretched axes and move the batch.
    const stored = (gradient: Value, { shape }: Value, transBatch: boolean | undefined): Value => {
      if (!transBatch) return unbroadcast(gradient, shape);
      const batchFirst = swapBatch(shape.length).map((axis) => shape[axis]!);
      return transpose(unbroadcast(gradient, batchFirst), unswapBatch(shape.length));
    };
    return [
      () =>
        stored(
          transA
            ? product(b, dy!, { transA: transB ?? false, transBatchA: transBatchB ?? false, transB: true, ...scaled })
            : product(dy!, b, { transB: !transB, transBatchB: transBatchB ?? false, ...scaled }),
          a,
          transBatchA,
        ),
      () =>
        stored(
          transB
            ? product(dy!, a, { transA: true, transB: transA ?? false, transBatchB: transBatchA ?? false, ...scaled })
            : product(a, dy!, { transA: !transA, transBatchA: transBatchA ?? false, ...scaled }),
          b,
          transBatchB,
        ),
    ];
  },
  onnx: (w, { names: [a, b], results, attributes, inputs, outputs: [y] }) => {
    const { transA, transB, transBatchA, transBatchB, alpha } = attributes;
    if (![transA, transB, transBatchA, transBatchB].includes(true) && (alpha ?? 1) === 1) {
      w.node('MatMul', [a, b], results);
    } else if (w.has('FusedMatMul')) {
      const flags = {
        transA: flagged(transA),
        transB: flagged(transB),
        transBatchA: flagged(transBatchA),
        transBatchB: flagged(transBatchB),
        alpha: alpha === undefined ? undefined : { float: alpha },
      };
      w.node('FusedMatMul', [a, b], results, flags, 'com.microsoft');
    } else {
      const factor = alpha === undefined || alpha === 1 ? undefined : w.scalar(alpha, inputs[0].dtype);
      const scaled = factor && scaledOne([inputs[0], inputs[1], y!]);
      const operand = (index: 0 | 1, name: string, trans?: boolean, transBatch?: boolean): string => {
        const placed = turned(w, name, inputs[index].shape.length, trans, transBatch);
        if (scaled !== (index === 0 ? 'left' : 'right')) return placed;
        const result = w.fresh('scaled');
        w.node('Mul', [placed, factor!], [result]);
        return result;
      };
      const operands = [operand(0, a, transA, transBatchA), operand(1, b, transB, transBatchB)];
      const plain = scaled === 'result' ? w.fresh('product') : results[0]!;
      w.node('MatMul', operands, [plain]);
      if (scaled === 'result') w.node('Mul', [plain, factor!], results);
    }
  },
  tensorflow: (w, { operands: [a, b], inputs, outputs: [y], attributes }) => {
    const { transA = false, transB = false, transBatchA, transBatchB, alpha } = attributes;
    const batched = ({ shape }: Value, operand: TensorFlowValue, turned: boolean | undefined): TensorFlowValue =>
      turned ? w.transpose(operand, swapBatch(shape.length)) : operand;
    const isPlain = inputs.every(({ shape }) => shape.length === 2);
    return scaledProduct(w, alpha, [a, b], [inputs[0], inputs[1], y!], (left, right) =>
      w.typed(
        isPlain ? 'MatMul' : 'BatchMatMulV2',
        [batched(inputs[0], left, transBatchA), batched(inputs[1], right, transBatchB)],
        isPlain
          ? { transpose_a: { bool: transA }, transpose_b: { bool: transB } }
          : { adj_x: { bool: transA }, adj_y: { bool: transB } },
      ),
    );
  },
  flops: ([a], [y], { transA, transBatchA }) => {
    const inner = transA ? (transBatchA ? a![0]! : a!.at(-2)!) : a!.at(-1)!;
    return 2 * inner * y!.reduce((size, dim) => size * dim, 1);
  },
  cases: [
    {
      inputs: [
        [2, 3],
        [3, 4],
      ],
      attributes: {},
    },
    {
      inputs: [
        [2, 5, 2, 3],
        [2, 5, 3, 4],
      ],
      attributes: { alpha: 0.5 },
    },
    {
      inputs: [
        [5, 2, 3],
        [3, 4],
      ],
      attributes: {},
      why: 'the second operand is shared by the batch',
    },
    {
      inputs: [
        [2, 3, 2],
        [2, 4, 3],
      ],
      attributes: { transA: true, transB: true },
    },
    {
      inputs: [
        [3, 2, 4],
        [5, 2, 4],
      ],
      attributes: { transBatchA: true, transBatchB: true, transB: true },
      why: 'sequence first: scores',
    },
    {
      inputs: [
        [2, 3, 5],
        [5, 2, 4],
      ],
      attributes: { transBatchB: true },
      why: 'sequence first: values',
    },
    {
      inputs: [
        [2, 5, 3],
        [5, 2, 4],
      ],
      attributes: { transA: true, transBatchB: true },
      why: 'sequence first: gradient of keys',
    },
  ],
});

function turned(w: OnnxWriter, name: string, rank: number, trans?: boolean, transBatch?: boolean): string {
  const order = transBatch ? swapBatch(rank) : Array.from({ length: rank }, (_, axis) => axis);
  const permutation = trans ? swapLast(rank).map((axis) => order[axis]!) : order;
  if (permutation.every((axis, index) => axis === index)) return name;
  const result = w.fresh('transposed');
  w.node('Transpose', [name], [result], { perm: { ints: permutation } });
  return result;
}
