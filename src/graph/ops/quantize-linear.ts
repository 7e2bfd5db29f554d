import { defineOp, noGradient } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';

/** y = saturate(round(x / scale) + zeroPoint), halves to even, in the zero point's type: uint8 or int8; one scale for all of x. */
export const quantizeLinear = defineOp<[x: Value, scale: Value, zeroPoint: Value]>({
  name: 'QuantizeLinear',
  shape: ([x, , zeroPoint]) => [like(zeroPoint, x.shape)],
  vjp: noGradient,
  onnx: (w, { names, results }) => {
    w.node('QuantizeLinear', names, results);
  },
  tensorflow: (w, { operands: [x, scale, zeroPoint] }) => {
    const steps = w.typed('Round', [w.typed('RealDiv', [x, scale])]);
    const moved = w.typed('AddV2', [steps, w.cast(zeroPoint, x.dtype)]);
    const [low, high] = zeroPoint.dtype === 'int8' ? [-128, 127] : [0, 255];
    const above = w.typed('Maximum', [moved, w.scalar(low, x.dtype)]);
    return w.cast(w.typed('Minimum', [above, w.scalar(high, x.dtype)]), zeroPoint.dtype);
  },
  cases: [
    { inputs: [frozen([2, 3], -1.2, 2), scalar(0.01), { shape: [], dtype: 'uint8', values: [100] }] },
    { inputs: [frozen([4], -1, 1), scalar(0.008), { shape: [], dtype: 'int8', values: [0] }], why: 'symmetric' },
    {
      inputs: [frozen([2, 2], -9, 9), scalar(0.01), { shape: [], dtype: 'int8', values: [-3] }],
      why: 'beyond the range',
    },
  ],
});

function frozen(shape: number[], from: number, to: number) {
  return { shape, values: { from, to }, frozen: true } as const;
}

function scalar(value: number) {
  return { shape: [], values: [value], frozen: true } as const;
}
