import { describe, expect, it } from 'vitest';
import { resolveTargets, type TargetContext } from '../../../src/lora/targets.ts';
import type { AdaptableModule } from '../../../src/shared/adaptable-module.ts';
import { type LoraOptions, loraSchema } from '../../../src/shared/job.ts';
import golden from '../../fixtures/lora/targets.json' with { type: 'json' };

const options = (given: Partial<LoraOptions>): LoraOptions => ({ ...loraSchema.parse({}), rank: 2, ...given });

const linear = (path: string, inFeatures = 8, outFeatures = 8): AdaptableModule => ({
  path,
  kind: 'linear',
  inFeatures,
  outFeatures,
});
const conv = (path: string, given: Partial<AdaptableModule & { kind: 'conv2d' }> = {}): AdaptableModule => ({
  path,
  kind: 'conv2d',
  inFeatures: 8,
  outFeatures: 8,
  kernel: [3, 3],
  stride: [1, 1],
  dilation: [1, 1],
  groups: 1,
  ...given,
});

const resolve = (modules: AdaptableModule[], given: Partial<LoraOptions>, context?: TargetContext) => {
  const { targets, skipped } = resolveTargets(modules, options(given), context);
  return {
    paths: targets.map(({ module }) => module.path),
    ranks: targets.map(({ rank }) => rank),
    reasons: Object.fromEntries(skipped.map(({ module, reason }) => [module.path, reason])),
    targets,
  };
};

/** PEFT's words for a LoraConfig in the words of a job. */
interface PeftOptions {
  target_modules: string | string[];
  exclude_modules?: string[];
  layers_to_transform?: number[];
  rank_pattern?: Record<string, number>;
  alpha_pattern?: Record<string, number>;
}

describe('targets as PEFT chooses them', () => {
  it.each(
    golden.cases as unknown as { model: 'vit' | 'resnet'; options: PeftOptions; chosen: Record<string, number[]> }[],
  )('$model $options', ({ model, options: peft, chosen }) => {
    const { targets } = resolve(golden.modules[model] as unknown as AdaptableModule[], {
      rank: 2,
      alpha: 6,
      targetModules: peft.target_modules,
      excludeModules: peft.exclude_modules ?? [],
      layersToTransform: peft.layers_to_transform ?? null,
      rankPattern: peft.rank_pattern ?? {},
      alphaPattern: peft.alpha_pattern ?? {},
    });
    expect(Object.fromEntries(targets.map(({ module, rank, alpha }) => [module.path, [rank, alpha]]))).toEqual(chosen);
  });
});

describe('all-linear', () => {
  const modules = [
    conv('stem'),
    linear('blocks.0.fc'),
    linear('blocks.1.fc'),
    { path: 'words', kind: 'embedding', inFeatures: 100, outFeatures: 8 } as const,
    linear('head.fc', 8, 3),
  ];

  it('takes linear and convolution layers, not the head and no embedding', () => {
    expect(resolve(modules, {}, { head: ['head'] }).paths).toEqual(['stem', 'blocks.0.fc', 'blocks.1.fc']);
  });

  it('is narrowed by excludeModules and by layersToTransform, of which paths without a number are none', () => {
    expect(resolve(modules, { excludeModules: ['stem'] }, { head: ['head'] }).paths).toEqual([
      'blocks.0.fc',
      'blocks.1.fc',
    ]);
    expect(resolve(modules, { layersToTransform: [1] }, { head: ['head'] }).paths).toEqual(['blocks.1.fc']);
  });

  it('skips a layer that the rank exceeds, but not when it exceeds all', () => {
    const { paths, reasons } = resolve(modules, { rank: 4 }, {});
    expect(paths).not.toContain('head.fc');
    expect(reasons['head.fc']).toBe('rank 4 exceeds min(in, out) = min(3, 8)');
    expect(() => resolve(modules, { rank: 64 })).toThrow(/^lora\.rank: no layer can be adapted: stem: rank 64 exceeds/);
  });

  it('tells parameters by the closed formula: r·(in·kernel + out), and DoRA one more a row', () => {
    const wide = conv('stem', { inFeatures: 3, outFeatures: 16, kernel: [5, 7] });
    expect(resolve([wide], { rank: 4 }).targets[0]!.parameters).toBe(4 * (3 * 5 * 7 + 16));
    expect(resolve([wide], { rank: 4, useDora: true }).targets[0]!.parameters).toBe(4 * (3 * 5 * 7 + 16) + 16);
  });

  it('scales by alpha / r, and by alpha / √r with rsLoRA', () => {
    expect(resolve(modules, { rank: 4, alpha: 8 }).targets[0]!.scale).toBe(2);
    expect(resolve(modules, { rank: 4, alpha: 8, useRslora: true }).targets[0]!.scale).toBe(4);
  });
});

describe('what PEFT cannot represent is skipped with the reason', () => {
  it.each([
    ['depthwise', conv('x', { groups: 8 }), {}, /^depthwise/],
    ['grouped', conv('x', { groups: 2 }), {}, /^grouped convolution \(2 groups\)/],
    ['dilated', conv('x', { dilation: [1, 2] }), {}, /ignores dilation$/],
    ['PiSSA on a convolution', conv('x'), { init: 'pissa' }, /^PiSSA.*a convolution$/],
    [
      'PiSSA on an embedding',
      { path: 'x', kind: 'embedding', inFeatures: 9, outFeatures: 8 },
      { init: 'pissa' },
      /^PiSSA.*an embedding$/,
    ],
  ] as const)('%s', (_, module, given, reason) => {
    const { paths, reasons } = resolve([module, linear('y')], {
      targetModules: ['x', 'y'],
      ...given,
    });
    expect(paths).toEqual(['y']);
    expect(reasons['x']).toMatch(reason);
  });

  it('keeps a layer that is trained whole without an adapter', () => {
    const modules = [linear('head.0'), linear('heads'), linear('y')];
    const { paths, reasons } = resolve(modules, { targetModules: ['head.0', 'heads', 'y'] }, { saved: ['head'] });
    expect(paths).toEqual(['heads', 'y']);
    expect(reasons['head.0']).toMatch(/trained whole/);
  });

  it('fails when nothing is left', () => {
    expect(() => resolve([conv('x', { groups: 8 })], {})).toThrow(
      /^lora\.targetModules: no layer can be adapted: x: depthwise/,
    );
    expect(() => resolve([linear('x')], { excludeModules: ['x'] })).toThrow('leave no layer to adapt');
  });
});

describe('aliases', () => {
  const query = {
    ...linear('vit.layers.0.attention.q_proj'),
    aliases: ['vit.encoder.layer.0.attention.attention.query'],
  };

  it('names a module by the older path, in targets, exclusions and patterns', () => {
    expect(resolve([query, linear('y')], { targetModules: ['query'] }).paths).toEqual([query.path]);
    expect(resolve([query, linear('y')], { excludeModules: ['attention.query'] }).paths).toEqual(['y']);
    expect(resolve([query, linear('y')], { rankPattern: { query: 3 } }).ranks).toEqual([3, 2]);
  });
});

describe('mistakes are told with what to write instead', () => {
  const modules = ['q_proj', 'k_proj', 'v_proj'].map((name) => linear(`layers.0.attention.${name}`));

  it.each([
    [
      { targetModules: ['q_porj'] },
      'lora.targetModules[0]: no linear, convolution or embedding layer is named "q_porj"; did you mean q_proj',
    ],
    [{ targetModules: ['q_proj', 'atention.v_proj'] }, 'lora.targetModules[1]: ', 'did you mean attention.v_proj'],
    [{ targetModules: ['embeddings'] }, 'there are q_proj, k_proj, v_proj'],
    [{ targetModules: 'q_proj' }, 'matches the whole path of no layer; as a name write ["q_proj"]'],
    [{ targetModules: 'layers' }, 'layers here are named q_proj, k_proj, v_proj'],
    [{ targetModules: '(' }, 'is not a regular expression'],
    [{ excludeModules: ['vproj'] }, 'lora.excludeModules[0]: ', 'did you mean v_proj'],
    [{ layersToTransform: [0, 12] }, 'lora.layersToTransform[1]: there is no block 12; blocks are 0 to 0'],
    [{ rankPattern: { qq: 4 } }, 'lora.rankPattern.qq: decides for none of the chosen layers'],
    [{ alphaPattern: { proj: 4 } }, 'lora.alphaPattern.proj: decides for none'],
    [
      { rankPattern: { k_proj: 9 } },
      'lora.rankPattern.k_proj: rank 9 exceeds layer layers.0.attention.k_proj (min(in, out) = 8)',
    ],
    [
      { rank: 64, targetModules: ['v_proj'] },
      'lora.rank: rank 64 exceeds layer layers.0.attention.v_proj (min(in, out) = 8)',
    ],
  ] as [Partial<LoraOptions>, ...string[]][])('%j', (given, ...messages) => {
    for (const message of messages) expect(() => resolve(modules, given)).toThrow(message);
  });
});
