/** What every command promises: help, one JSON document, exit codes, nothing for terminals alone in a pipe. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import type { EngineOption } from '../../src/shared/protocol/engines.ts';
import { documentOf, lowrank, useFolder } from './cli-process.ts';

const folder = useFolder();
const run = (...args: string[]) => lowrank(args, { cwd: folder.path });

describe('help', () => {
  it.each(COMMANDS.map(({ name }) => name))('%s explains itself, with examples of its own name', async (name) => {
    const { code, stdout, stderr } = await run(name, '--help');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: lowrank ${name} `));
    expect(stdout).toContain('--json');
    expect(stdout).toContain(`  lowrank ${name}`);
  });

  it('lists every command, and the exit statuses', async () => {
    const { stdout } = await run('--help');
    for (const { name } of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    expect(stdout).toContain('Exit status: 0 done, 1');
  });

  it('tells the defaults of the job’s own schema', async () => {
    expect((await run('train', '--help')).stdout).toMatch(/--alpha <a> .*\n.*\(default: 16\)/);
  });

  it('prints the version', async () => {
    expect((await run('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('wrong usage', () => {
  it.each([
    [['chekc', 'x'], "unknown command 'chekc'"],
    [['check'], "missing required argument 'data'"],
    [['check', 'a', '--jsn'], "unknown option '--jsn'"],
    [['train', '--data', 'x'], 'name a dataset and a base'],
    [['train', '--rank', 'eight'], "'eight' is invalid. It is no number"],
    [['train', '--set', 'rank'], 'write a field and its value'],
    [['resize', 'a', '--out', 'b'], 'either --rank or --error'],
    [['combine', 'a', 'b'], "required option '--out <folder>' not specified"],
    [['combine', 'a', 'b', '--weights', '1', '--out', 'c'], '1 weights for 2 adapters'],
    [['compare', '--data', 'x', '--base', 'y', '--methods', 'lora,qlora'], 'there is no qlora'],
    [['predict', 'a', 'b', '--top', '0'], '--top must be'],
    [['predict', 'a', 'b', '--confidence', '25'], '--confidence must be a number from 0 to 1'],
    [['predict', 'a', 'b', '--iou', '-1'], '--iou must be a number from 0 to 1'],
  ])('%j ends with 2 and says why', async (args, why) => {
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('error: ');
    expect(stderr).toContain(why);
  });

  it('shows the help where no command is named', async () => {
    const { code, stderr } = await run();
    expect(code).toBe(2);
    expect(stderr).toContain('Usage: lowrank');
  });
});

describe('engines', () => {
  it('names what there is, with the reason where one cannot be used', async () => {
    const { engines } = documentOf(await run('engines', '--json')) as { engines: EngineOption[] };
    expect(engines).toContainEqual(
      expect.objectContaining({ name: 'onnxruntime-cpu', device: 'CPU', state: 'usable', reason: null }),
    );
    expect(engines.filter(({ automatic }) => automatic)).toHaveLength(1);
    for (const { name, state, reason } of engines) expect(reason === null, name).toBe(state === 'usable');
  });
});

describe('in a pipe', () => {
  beforeAll(async () => {
    await run('sample', 'data', '--train', '5', '--validation', '2');
  });

  it('writes no escape codes, on neither stream', async () => {
    const { stdout, stderr } = await run('check', 'data');
    expect(stdout).toMatch(/^Ready: /);
    for (const written of [stdout, stderr]) expect(written.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });

  it('has colours where they are asked for', async () => {
    const { stdout } = await lowrank(['check', 'data'], { cwd: folder.path, env: { FORCE_COLOR: '1' } });
    expect(stdout).toContain('\u001b[32mReady');
  });

  it('takes a reader that goes away', async () => {
    const script = join(import.meta.dirname, '../../dist/cli.js');
    const child = spawn(process.execPath, [script, 'check', 'data', '--json'], {
      cwd: folder.path,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});
