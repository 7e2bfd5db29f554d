/** The rules of .dependency-cruiser.cjs fire: each is given a small source tree that breaks it, and one that does not. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');

/** File → source. The name of a broken rule stands beside the import that breaks it; a cycle is told once. */
const BROKEN = {
  'src/shared/errors.ts': `import { g } from '../graph/g.ts'; // layer-shared`,
  'src/shared/cost.ts': `import { join } from 'node:path'; // pure-code-needs-no-node`,
  'src/shared/run/events.ts': `import { readRun } from './read-run.ts'; // pure-code-needs-no-node`,
  'src/shared/run/read-run.ts': `import fs from 'node:fs';`,
  'src/graph/g.ts': `import type { T } from '../engines/e.ts'; // layer-graph`,
  'src/graph/files.ts': `import fs from 'node:fs'; // pure-code-needs-no-node`,
  'src/graph/a.ts': `import type { B } from './b.ts'; // no-cycles`,
  'src/graph/b.ts': `import type { A } from './a.ts';`,
  'src/formats/f.ts': `import { a } from '../graph/a.ts'; // layer-formats`,
  'src/engines/e.ts': `import { InferenceSession } from 'onnxruntime-node';\nimport tf from '@tensorflow/tfjs-node-gpu'; // home-of-@tensorflow/tfjs-node-gpu`,
  'src/trainer/t.ts': `import { InferenceSession } from 'onnxruntime-node'; // home-of-onnxruntime-node`,
  'src/cli/c.ts': `import type { Uri } from 'vscode'; // home-of-vscode`,
  'src/extension/x.ts': `import { window } from 'vscode';\nimport { a } from '../graph/a.ts'; // layer-extension`,
  'src/extension/run.ts': `import { step } from '../trainer/step.ts'; // extension-reaches-no-engine`,
  'src/trainer/step.ts': `import { e } from '../engines/e.ts';`,
  'src/models/m.ts': `import { missing } from './missing.ts'; // resolvable`,
  'webview/run/view.ts': `import { cost } from '../../src/shared/cost.ts'; // pure-code-needs-no-node`,
  'webview/run/chart.ts': `import { f } from '../../src/formats/f.ts'; // webview-imports-shared-only`,
};

const SOUND = {
  'src/shared/run/read-run.ts': `import fs from 'node:fs';`,
  'src/shared/errors.ts': '',
  'src/graph/tensor.ts': `import { e } from '../shared/errors.ts';`,
  'src/formats/f.ts': `import { t } from '../graph/tensor.ts';\nimport fs from 'node:fs';`,
  'src/engines/tensorflow.ts': `import tf from '@tensorflow/tfjs-node-gpu';`,
  'src/engines/onnxruntime.ts': `import ort from 'onnxruntime-node';`,
  'src/trainer/t.ts': `import { o } from '../engines/onnxruntime.ts';`,
  'src/extension/x.ts': `import { window } from 'vscode';`,
  'webview/run/view.ts': `import { e } from '../../src/shared/errors.ts';`,
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lowrank-rules-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The violations of a source tree as `file: rule`. */
function violations(name: string, files: Readonly<Record<string, string>>): string[] {
  const tree = join(folder, name);
  for (const [path, source] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), source);
  }
  // The packages are declared and there, as they are in this repository.
  const stubs = ['onnxruntime-node', '@tensorflow/tfjs-node-gpu'];
  const dependencies = Object.fromEntries(stubs.map((stub) => [stub, '1.0.0']));
  writeFileSync(join(tree, 'package.json'), JSON.stringify({ dependencies }));
  for (const stub of stubs) {
    mkdirSync(join(tree, 'node_modules', stub), { recursive: true });
    writeFileSync(join(tree, 'node_modules', stub, 'index.js'), '');
  }
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
      ...['src', 'webview', '--config', join(ROOT, '.dependency-cruiser.cjs'), '--output-type', 'json'],
    ],
    { cwd: tree, encoding: 'utf8' },
  );
  if (stdout === '') throw new Error(stderr);
  const { summary } = JSON.parse(stdout) as { summary: { violations: { from: string; rule: { name: string } }[] } };
  return [...new Set(summary.violations.map(({ from, rule }) => `${from}: ${rule.name}`))].toSorted();
}

test('a tree that breaks the rules is told each of them', () => {
  const expected = Object.entries(BROKEN).flatMap(([path, source]) =>
    [...source.matchAll(/\/\/ (\S+)/g)].map(([, rule]) => `${path}: ${rule!}`),
  );
  expect(violations('broken', BROKEN)).toEqual(expected.toSorted());
});

test('a tree that keeps them is told nothing', () => {
  expect(violations('sound', SOUND)).toEqual([]);
});
