/** The packed file itself: small, of this platform, and its Node trains from where VS Code puts it. */
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { readZip } from '../../scripts/package-zip.mjs';
import { installExtension } from '../../scripts/vscode-server.mjs';
import { makeFolder } from './workspace.ts';

const vsix = inject('vsix');
const members = [...readZip(vsix)];

test('takes at most 90 MB', () => {
  expect(statSync(vsix).size).toBeLessThanOrEqual(90e6);
});

test('has natives of this platform alone', () => {
  const natives = members.map(([path]) => path).filter((path) => /\.(node|dll|dylib)$|\.so(\.\d+)*$/.test(path));
  const { platform, arch } = process;
  expect(natives.length).toBeGreaterThan(2);
  expect(
    natives.filter((path) => !path.includes(`/${platform}/${arch}/`) && !path.includes(`.${platform}-${arch}`)),
  ).toEqual([]);
});

test('has no source map, no source and none of the optional engine', () => {
  expect(members.map(([path]) => path).filter((path) => /\.(map|ts|tsx|py)$|tfjs/.test(path))).toEqual([]);
});

test('trains with nothing but what it brings', () => {
  const folder = makeFolder();
  installExtension({ vsix, profile: folder });
  const [name] = readdirSync(join(folder, 'extensions')).filter((entry) => entry.startsWith('lowrank.'));
  const extension = join(folder, 'extensions', name!);
  const lowrank = (...args: string[]): unknown =>
    JSON.parse(
      execFileSync(join(extension, 'runtime/node'), [join(extension, 'dist/cli.js'), ...args, '--json'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        // No other Node, and no packages of the repository above.
        env: { PATH: '', HOME: folder },
        cwd: folder,
      }),
    );
  lowrank('sample', 'shapes', '--train', '4', '--validation', '2');
  lowrank('train', '--data', 'shapes', '--base', 'sample', '--rank', '2', '--epochs', '1', '--out', 'run');
  expect(statSync(join(folder, 'run/adapter/adapter_model.safetensors')).size).toBeGreaterThan(1000);
});
