import { describe, expect, it } from 'vitest';
import {
  blockOf,
  matchesName,
  patternOfPaths,
  patternValues,
  targetPattern,
} from '../../../src/shared/module-pattern.ts';

describe('module patterns', () => {
  it('takes a name at a dot only', () => {
    expect(matchesName('vit.layers.0.attention.q_proj', 'q_proj')).toBe(true);
    expect(matchesName('vit.layers.0.attention.q_proj', 'attention.q_proj')).toBe(true);
    expect(matchesName('vit.layers.0.attention.q_proj', 'proj')).toBe(false);
    expect(matchesName('q_proj', 'q_proj')).toBe(true);
  });

  it('reads the first number before the last part as the block', () => {
    expect(blockOf('vit.layers.11.mlp.fc1')).toBe(11);
    expect(blockOf('resnet.encoder.stages.2.layers.0.layer.1.convolution')).toBe(2);
    expect(blockOf('blocks.3.attn.qkv')).toBe(3);
    expect(blockOf('classifier.1')).toBeUndefined();
  });

  it('anchors a pattern of paths to these paths alone', () => {
    const pattern = targetPattern(patternOfPaths(['conv1', 'layer1.0.conv-1']), 'f');
    expect(['conv1', 'layer1.0.conv-1', 'layer1.0.conv1', 'layer1x0.conv-1'].map((path) => pattern.test(path))).toEqual(
      [true, true, false, false],
    );
  });

  it('reads the named groups of Python', () => {
    const pattern = targetPattern(String.raw`layers\.(?P<n>\d+)\.x(?P=n)`, 'f');
    expect(pattern.test('layers.12.x12')).toBe(true);
    expect(pattern.test('layers.12.x1')).toBe(false);
  });

  it.each([
    ['(a+)+b', 'repeats a group'],
    ['(a|a)*', 'repeats a group'],
    ['(?:a){2,}', 'repeats a group'],
    ['.*.*.*.*.*.*x', 'more than 5'],
    ['a{1,}b*c+d*e*f*', 'more than 5'],
    ['[', 'not a regular expression'],
    ['x'.repeat(100_001), '100000 are allowed'],
  ])('refuses %s', (source, reason) => {
    expect(() => targetPattern(source, 'lora.targetModules')).toThrow(reason);
    expect(() => patternValues({ [source]: 4 }, 'rank_pattern')).toThrow(/^rank_pattern/);
  });

  it.each([String.raw`.*\.(q|v)_proj`, String.raw`\(+\)[*+]*`, '(.*)?x', '[^*+]+'])('allows %s', (source) => {
    expect(targetPattern(source, 'f')).toBeInstanceOf(RegExp);
  });
});
