import { mul, reduceMean, reduceSum, sub } from '../build.ts';
import { defineOp } from '../define.ts';
import type { TensorFlowValue } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';

type Inputs = [x: Value, scale: Value | undefined, bias: Value | undefined];

interface Attributes {
  readonly epsilon: number;
  /** The layers that read the result have their weights' rows centred, so the gradient that arrives has mean zero already. */
  readonly centredGradient?: boolean;
}

/**
 * Over the last axis (Ba et al. 2016): x̂ = (x − mean) · inverseDeviation, y = x̂ ∘ scale + bias; without scale and bias y is x̂.
 * Outputs y, mean and inverse deviation; the last two are reused by the gradient
 * dx = inverseDeviation · (g − mean(g) − x̂ · mean(g ∘ x̂)) with g = dy ∘ scale.
 */
export const layerNormalization = defineOp<Inputs, Attributes>({
  name: 'LayerNormalization',
  shape: ([x]) => {
    const statistics = { shape: [...x.shape.slice(0, -1), 1], dtype: 'float32' } as const;
    return [like(x), statistics, statistics];
  },
  vjp: ({ inputs: [x, scale, bias], outputs: [y, mean, inverse], attributes: { centredGradient } }, [dy]) => {
    const lead = x.shape.slice(0, -1).map((_, axis) => axis);
    let shared: Value | undefined;
    const normal = (): Value =>
      (shared ??= scale === undefined && bias === undefined ? y! : mul(sub(x, mean!), inverse!));
    const along = { axes: [-1], keepDims: true };
    return [
      () => {
        const g = scale === undefined ? dy! : mul(dy!, scale);
        const centred = centredGradient ? g : sub(g, reduceMean(g, along));
        return mul(sub(centred, mul(normal(), reduceMean(mul(g, normal()), along))), inverse!);
      },
      scale && (() => reduceSum(mul(dy!, normal()), { axes: lead })),
      bias && (() => reduceSum(dy!, { axes: lead })),
    ];
  },
  onnx: (w, { names: [x, scale, bias], results, inputs: [{ shape, dtype }], attributes: { epsilon } }) => {
    const size = shape.at(-1)!;
    const [y, mean, inverse] = results;
    const one = scale === '' ? w.filled(1, [size], dtype) : scale;
    w.node('LayerNormalization', bias === '' ? [x, one] : [x, one, bias], [y!, mean!, inverse!], {
      axis: { int: -1 },
      epsilon: { float: epsilon },
    });
  },
  tensorflow: (w, { operands: [x, scale, bias], attributes: { epsilon } }) => {
    const average = (value: TensorFlowValue): TensorFlowValue =>
      w.typed('Mean', [value, w.ints([-1])], { keep_dims: { bool: true } });
    // The statistics are float32 whatever x is, as ONNX has them.
    const wide = w.cast(x, 'float32');
    const mean = average(wide);
    const centred = w.typed('Sub', [wide, mean]);
    const variance = average(w.typed('Square', [centred]));
    const inverse = w.typed('Rsqrt', [w.typed('AddV2', [variance, w.scalar(epsilon, 'float32')])]);
    const normal = w.cast(w.typed('Mul', [centred, inverse]), x.dtype);
    const scaled = scale === undefined ? normal : w.typed('Mul', [normal, scale]);
    return [bias === undefined ? scaled : w.typed('AddV2', [scaled, bias]), mean, inverse];
  },
  flops: ([x]) => 8 * x!.reduce((size, dim) => size * dim, 1),
  cases: [
    { inputs: [[2, 4], [4], [4]], attributes: { epsilon: 1e-6 } },
    { inputs: [[2, 3, 4], [4], undefined], attributes: { epsilon: 1e-5 } },
    {
      inputs: [[2, 3, 4], undefined, undefined],
      attributes: { epsilon: 1e-12 },
      why: 'without affine y is reused as x̂',
    },
  ],
});
