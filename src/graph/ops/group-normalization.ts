import { add, layerNormalization, mul, reshape } from '../build.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { known, ShapeError } from '../shape.ts';

interface GroupNormalizationAttributes {
  readonly groups: number;
  readonly epsilon: number;
}

/**
 * Over the channels of a group and all positions (Wu & He 2018): x [N, C, ...], scale and bias [C]. As many groups as channels make
 * instance normalisation.
 */
export const groupNormalization = defineOp<[x: Value, scale: Value, bias: Value], GroupNormalizationAttributes>({
  name: 'GroupNormalization',
  shape: ([x], { groups }) => {
    const channels = known(x.shape[1], 'the number of channels');
    if (channels % groups !== 0) throw new ShapeError(`${channels} channels do not split into ${groups} groups`);
    return [like(x)];
  },
  expand: ({ inputs: [x, scale, bias], attributes: { groups, epsilon } }) => {
    const [batch, ...rest] = x.shape;
    const size = rest.reduce<number>((product, dim) => product * known(dim, 'a normalised axis'), 1);
    const rows = reshape(x, [batch!, groups, size / groups]);
    const normal = reshape(layerNormalization(rows, undefined, undefined, epsilon), x.shape);
    const perChannel = (value: Value): Value => reshape(value, [rest[0]!, ...rest.slice(1).map(() => 1)]);
    return [add(mul(normal, perChannel(scale)), perChannel(bias))];
  },
  cases: [
    { inputs: [[2, 4, 3], [4], [4]], attributes: { groups: 2, epsilon: 1e-5 } },
    { inputs: [[2, 3, 2, 2], [3], [3]], attributes: { groups: 3, epsilon: 1e-5 }, why: 'instance normalisation' },
    { inputs: [[1, 4, 2, 1], [4], [4]], attributes: { groups: 1, epsilon: 1e-3 }, why: 'one group' },
  ],
});
