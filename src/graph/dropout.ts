/**
 * Dropout whose randomness is fed, so that every engine drops the same and a resumed run drops what it would have dropped.
 *
 * Drawing a number for each element would cost more than the layer. Instead each axis is given a vector of uniform numbers, and an element
 * is kept where the fractional part of the sum of its axes' numbers exceeds p: that sum is uniform, and independent for any two elements.
 */
import { add, cast, greater, mul, reshape, sub } from './build.ts';
import { nameOf } from './ir.ts';
import type { Graph, Value } from './ir.ts';

const PREFIX = 'noise ';

/** x / (1 − p) where it is kept, else 0; `name` tells this layer's noise from others'. */
export function dropout(x: Value, probability: number, name: string): Value {
  const { graph } = x;
  const noise = x.shape
    .map((dim, axis) => {
      const vector = noiseInput(graph, `${PREFIX}${name} ${axis}`, dim);
      return reshape(
        vector,
        x.shape.map((_, other) => (other === axis ? dim : 1)),
      );
    })
    .reduce((sum, vector) => add(sum, vector));
  const uniform = sub(noise, graph.apply('Floor', [noise])[0]!);
  const kept = cast(greater(uniform, probability), 'float32');
  return mul(x, mul(kept, 1 / (1 - probability)));
}

function noiseInput(graph: Graph, name: string, dim: Value['shape'][number]): Value {
  return graph.inputs.find((input) => nameOf(input) === name) ?? graph.input(name, [dim]);
}

/** The inputs to be fed with uniform numbers in [0, 1), anew at each step. */
export function noiseInputs(graph: Graph): readonly Value[] {
  return graph.inputs.filter((input) => nameOf(input)!.startsWith(PREFIX));
}
