/** The tree of target modules, and what a choice in it writes. */
import { expect, test } from 'vitest';
import { jobSchema } from '../../../src/shared/job.ts';
import type { PlannedModule } from '../../../src/shared/protocol/results.ts';
import { chosenTargets, targetTree, toggleTarget } from '../../../src/shared/target-tree.ts';

function module(path: string, more: Partial<PlannedModule> = {}): PlannedModule {
  return { path, kind: 'linear', shape: [4, 4], parameters: 16, isHead: false, obstacle: null, ...more };
}

const MODULES = [
  module('stem', { kind: 'conv2d' }),
  ...[0, 1].flatMap((block) => ['q', 'v'].map((name) => module(`blocks.${block}.${name}`))),
  module('deep.dw', { kind: 'conv2d', obstacle: 'depthwise convolution' }),
  module('words', { kind: 'embedding' }),
  module('head', { isHead: true }),
];
const WORDS = { count: (some: number, all: number) => `${some}/${all}`, size: () => 'size' };

function chosen(lora: object) {
  return chosenTargets(MODULES, jobSchema.parse({ data: 'd', base: 'b', lora }).lora);
}

const ALL = ['stem', 'blocks.0.q', 'blocks.0.v', 'blocks.1.q', 'blocks.1.v'];

test.each([
  ['all-linear leaves out head, embeddings and what cannot be adapted', {}, ALL],
  ['names', { targetModules: ['q'] }, ['blocks.0.q', 'blocks.1.q']],
  ['a pattern', { targetModules: '.*\\.1\\.[qv]' }, ['blocks.1.q', 'blocks.1.v']],
  ['a broken pattern', { targetModules: '(' }, []],
  ['blocks', { layersToTransform: [1] }, ['blocks.1.q', 'blocks.1.v']],
  ['excluded names', { excludeModules: ['v', 'stem'] }, ['blocks.0.q', 'blocks.1.q']],
])('%s', (_, lora, paths) => {
  expect([...chosen(lora)]).toEqual(paths);
});

test('layers of one name are one group; what cannot be adapted says why', () => {
  const tree = targetTree(MODULES, chosen({ targetModules: ['q', 'blocks.0.v'] }), WORDS);
  expect(tree.map(({ label, checked, detail }) => [label, checked, detail])).toEqual([
    ['stem', false, 'size'],
    ['q', true, '2/2'],
    ['v', 'mixed', '1/2'],
    ['deep.dw', undefined, 'depthwise convolution'],
    ['words', false, 'size'],
    ['head', false, 'size'],
  ]);
});

test('a group whose name is a number is told by the first of its layers', () => {
  const branches = ['head.box.0.2', 'head.box.1.2'].map((path) => module(path, { kind: 'conv2d' }));
  const [group] = targetTree(branches, new Set(), WORDS);
  expect([group!.id, group!.label]).toEqual(['group:2', 'box.0.2, …']);
});

test('a choice is written as the shortest list that means it', () => {
  const written = (id: string, from: object) => toggleTarget(id, MODULES, chosen(from))?.[0]?.value;
  expect(written('group:v', {})).toEqual(['stem', 'q']);
  expect(written('blocks.0.v', {})).toEqual(['stem', 'q', 'blocks.1.v']);
  expect(written('words', {})).toEqual(['stem', 'q', 'v', 'words']);
  expect(written('group:v', { targetModules: ['stem', 'q'] })).toBeUndefined();
  expect(toggleTarget('group:q', MODULES, chosen({ targetModules: ['q'] }))).toBeUndefined();
});

test('what is written means what was chosen', () => {
  const edits = toggleTarget('blocks.0.v', MODULES, chosen({ excludeModules: ['stem'] }))!;
  const [targetModules, excludeModules, layers] = edits.map(({ value }) => value);
  expect([excludeModules, layers]).toEqual([undefined, undefined]);
  expect([...chosen({ targetModules })]).toEqual(['blocks.0.q', 'blocks.1.q', 'blocks.1.v']);
});
