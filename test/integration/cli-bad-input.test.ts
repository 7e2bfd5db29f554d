/** Every fault of the input is one line that names the place, exit status 1, and nothing is left behind. */
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeTinyVit } from '../tiny-vit.ts';
import { type Ended, lowrank, useFolder } from './cli-process.ts';

const folder = useFolder();
const at = (...names: string[]): string => join(folder.path, ...names);
const run = (...args: string[]): Promise<Ended> => lowrank(args, { cwd: folder.path });

/** The fault's line, once it is certain that there is nothing else. */
function faultOf({ code, stdout, stderr }: Ended): string {
  const errors = stderr.split('\n').filter((line) => line.startsWith('error: '));
  expect({ code, stdout, errors: errors.length }).toEqual({ code: 1, stdout: '', errors: 1 });
  expect(stderr.endsWith(`${errors[0]!}\n`), 'the error is the last word').toBe(true);
  expect(stderr).not.toMatch(/^\s+at /m);
  return errors[0]!.replace('error: ', '').replaceAll(`${folder.path}/`, '');
}

beforeAll(async () => {
  await writeTinyVit(at('vit'));
  await run('sample', 'data', '--train', '5', '--validation', '2');
  await run('train', '--data', 'data', '--base', 'vit', '--epochs', '1', '--threads', '1', '--out', 'run');
  cpSync(at('run/best'), at('adapter'), { recursive: true });
});

describe('train', () => {
  const TRAIN = ['--data', 'data', '--base', 'vit', '--threads', '1', '--out', 'new'];
  const train = async (...args: string[]): Promise<string> => {
    const fault = faultOf(await run('train', ...TRAIN, ...args));
    expect(existsSync(at('new')), fault).toBe(false);
    return fault;
  };

  it.each([
    [['--rank', '0'], 'lora.rank: must be at least 1, not 0'],
    [['--epochs', '1.5'], 'training.epochs: must be a whole number, not 1.5'],
    [['--lr', '-1'], 'training.learningRate: must be more than 0, not -1'],
    [['--method', 'qlora'], 'method: must be "lora" or "head" or "full", not "qlora"'],
    [['--set', 'training.warmpu=0.1'], 'training.warmpu: there is no such field; did you mean training.warmup?'],
    [['--set', 'rank=4'], 'rank: there is no such field; did you mean lora.rank?'],
    [['--set', 'augmentation.flip="x"'], 'augmentation.flip: must be a number, not "x"'],
    [['--set', '__proto__.x=1'], '__proto__: there is no such field'],
  ])('%j', async (args, fault) => {
    expect(await train(...args)).toBe(fault);
  });

  it('a rank above a named layer', async () => {
    expect(await train('--rank', '40', '--target', 'q_proj')).toMatch(
      /^lora\.rank: rank 40 exceeds layer vit\.layers\.0\.attention\.q_proj \(min\(in, out\) = 16\)/,
    );
  });

  it('a target module that does not exist', async () => {
    expect(await train('--target', 'q_porj,v_proj')).toMatch(
      /^lora\.targetModules\[0\]: no .* is named "q_porj"; did you mean q_proj/,
    );
  });

  it('a schedule and an engine that do not exist', async () => {
    expect(await train('--set', 'training.schedule=cosin')).toMatch(
      /^training\.schedule: must be "cosine" or .*"cosin"$/,
    );
    expect(await train('--engine', 'cuda')).toMatch(/^engine: there is no engine "cuda"; there are /);
  });

  it('no dataset', async () => {
    expect(await train('--data', 'vit')).toMatch(/^vit: no dataset here; looked for /);
    expect(await train('--data', 'nowhere')).toBe('nowhere: no such file or folder');
    expect(await train('--data', 'data/train')).toMatch(/seems to be a part of the dataset .*data; choose that folder/);
  });

  it('an empty class, and a single class', async () => {
    cpSync(at('data'), at('flawed'), { recursive: true });
    rmSync(at('flawed/train/ring'), { recursive: true });
    rmSync(at('flawed/val/ring'), { recursive: true });
    mkdirSync(at('flawed/train/ring'));
    expect(await train('--data', 'flawed')).toBe('flawed: no images in class ring; add some or remove it');
    for (const split of ['train', 'val']) {
      for (const name of readdirSync(at('flawed', split)))
        if (name !== 'star') rmSync(at('flawed', split, name), { recursive: true });
    }
    expect(await train('--data', 'flawed')).toBe('flawed: only one class (star); at least two are needed');
  });

  it('a base that is none', async () => {
    expect(await train('--base', 'nix')).toMatch(/^nix: no such model; give a folder with config\.json/);
    expect(await train('--base', 'data')).toMatch(/^data: holds neither config\.json/);
  });

  it('truncated weights, and weights that contradict config.json', async () => {
    cpSync(at('vit'), at('broken'), { recursive: true });
    const weights = readFileSync(at('vit/model.safetensors'));
    writeFileSync(at('broken/model.safetensors'), weights.subarray(0, weights.length - 100));
    expect(await train('--base', 'broken')).toMatch(/^broken\/model\.safetensors: /);
    writeFileSync(at('broken/model.safetensors'), weights);
    const config = readFileSync(at('broken/config.json'), 'utf8');
    writeFileSync(at('broken/config.json'), config.replace('"intermediate_size": 64', '"intermediate_size": 48'));
    expect(await train('--base', 'broken')).toMatch(
      /^broken: .*dense\.weight: is \[64, 16\], but config\.json makes it \[48, 16\]/,
    );
  });

  it('a run inside its dataset, and one over other files', async () => {
    const inside = await run('train', ...TRAIN, '--out', 'data/run');
    expect(faultOf(inside)).toMatch(/^data\/run: a run must not lie inside its dataset/);
    const over = await run('train', ...TRAIN, '--out', 'vit');
    expect(faultOf(over)).toMatch(/^vit: already holds .*; name a new folder/);
  });
});

describe('a job file', () => {
  const job = async (text: string): Promise<string> => {
    writeFileSync(at('job.lora.json'), text);
    return faultOf(await run('train', 'job.lora.json', '--out', 'new'));
  };

  it('is told with its line', async () => {
    expect(await job('{\n "data": "data",\n "base": "vit",\n "lora": {\n  "alhpa": 8 }\n}')).toBe(
      'job.lora.json:5: lora.alhpa: there is no such field; did you mean lora.alpha?',
    );
    expect(await job('{ "data": "data",\n "base": "vit", "lora": { "rank": "8" } }')).toBe(
      'job.lora.json:2: lora.rank: must be a number, not "8"',
    );
    expect(await job('{\n "data": "data",\n "lora" {}\n}')).toMatch(/^job\.lora\.json:3: invalid JSON: /);
    expect(await job('{ "data": "data" }')).toBe('job.lora.json: base: is missing');
    expect(await job('[]')).toBe('job.lora.json: must be an object, not []');
  });
});

describe('an adapter', () => {
  it('is none', async () => {
    expect(faultOf(await run('inspect', 'vit'))).toMatch(/^vit: no adapter here/);
    expect(faultOf(await run('resize', 'nowhere', '--rank', '2', '--out', 'x'))).toMatch(/^nowhere: /);
  });

  it('without alpha is shown with a warning, and used for nothing', async () => {
    cpSync(at('adapter'), at('no-alpha'), { recursive: true });
    const file = at('no-alpha/adapter_config.json');
    const { lora_alpha: _, ...config } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify(config));
    const shown = await run('inspect', 'no-alpha');
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(/warning: lora_alpha is missing/);
    for (const args of [
      ['resize', 'no-alpha', '--rank', '2', '--out', 'x'],
      ['combine', 'no-alpha', 'adapter', '--out', 'x'],
      ['predict', 'no-alpha', 'data/val/ring'],
    ]) {
      expect(faultOf(await run(...args))).toMatch(/^no-alpha\/adapter_config\.json: lora_alpha: is missing/);
    }
    expect(existsSync(at('x'))).toBe(false);
  });

  it('of other weights, and of another architecture, is refused', async () => {
    await writeTinyVit(at('other'), {}, 1);
    for (const command of [
      ['inspect', 'adapter'],
      ['predict', 'adapter', 'data/val/ring'],
    ]) {
      const fault = faultOf(await run(...command, '--base', 'other'));
      expect(fault).toMatch(/^adapter: the adapter was trained on other weights .*sha256 .*this base has/);
    }
    await writeTinyVit(at('wider'), { width: 32 });
    expect(faultOf(await run('predict', 'adapter', 'data/val/ring', '--base', 'wider'))).toMatch(/^adapter: /);
  });

  it('cannot grow by resizing', async () => {
    expect(faultOf(await run('resize', 'adapter', '--rank', '8', '--out', 'x'))).toMatch(
      /^rank: is 8, but the adapter's highest is 8/,
    );
    expect(faultOf(await run('resize', 'adapter', '--error', '2', '--out', 'x'))).toMatch(/^error: is 2/);
  });
});

describe('a place that cannot be written', () => {
  /** `nobody` on every Unix: root may write anywhere. */
  const uid = process.getuid?.() === 0 ? 65534 : undefined;

  it('is told, and nothing is left', async () => {
    mkdirSync(at('locked'), { mode: 0o555 });
    chmodSync(folder.path, 0o755);
    const options = { cwd: at('locked'), uid };
    const places = [
      ['sample', 'new'],
      ['train', '--data', '../data', '--base', '../vit', '--out', 'new'],
      ['train', '--data', '../data', '--base', '../vit'],
      ['resize', '../adapter', '--rank', '2', '--out', 'new'],
    ];
    for (const args of places) {
      expect(faultOf(await lowrank(args, options))).toMatch(/^(locked\/)?\S+: no permission; check the rights/);
    }
    expect(readdirSync(at('locked'))).toEqual([]);
  });

  it('is told where no folder can be made at all', async () => {
    if (!existsSync('/proc')) return;
    for (const args of [
      ['train', '--data', 'data', '--base', 'vit', '--out', '/proc/new'],
      ['sample', '/proc/new'],
    ]) {
      expect(faultOf(await run(...args))).toBe('/proc: no folder can be made in it; choose another place');
    }
  });

  it('is a file, which stays', async () => {
    writeFileSync(at('file'), 'precious');
    for (const args of [
      ['sample', 'file'],
      ['resize', 'adapter', '--rank', '2', '--out', 'file'],
      ['merge', 'adapter', '--base', 'vit', '--format', 'transformers', '--out', 'file/below'],
    ]) {
      expect(faultOf(await run(...args))).toMatch(/^file(\/below)?: is a file, or below one; name a new folder$/);
    }
    expect(readFileSync(at('file'), 'utf8')).toBe('precious');
  });

  it('is guessed where the trainer could not even say so', async () => {
    cpSync(at('run'), at('silent'), { recursive: true });
    // What it ended by before is not how it ended now.
    const failed = {
      type: 'failed',
      step: 0,
      cause: 'input',
      message: 'of an earlier process',
      seq: 999,
      time: 1,
    };
    appendFileSync(at('silent/events.jsonl'), `${JSON.stringify(failed)}\n`);
    writeFileSync(at('silent/trainer.log'), 'words of an earlier process\n');
    writeFileSync(at('silence.cjs'), "if (process.argv[1].endsWith('trainer.js')) process.exit(7);");
    const env = { NODE_OPTIONS: `--require ${at('silence.cjs')}` };
    const fault = faultOf(await lowrank(['resume', 'silent'], { cwd: folder.path, env }));
    expect(fault).toMatch(/silent: the trainer ended with status 7 and could not write why; is the disk full\?$/);
  });

  it('may be a dataset that is only read', async () => {
    expect((await lowrank(['check', '../data'], { cwd: at('locked'), uid })).code).toBe(0);
  });
});

describe('runs and images', () => {
  it('are missing', async () => {
    expect(faultOf(await run('resume', 'data'))).toBe('data: not a run folder (it has no run.json)');
    expect(faultOf(await run('predict', 'run', 'nowhere.jpg'))).toBe('nowhere.jpg: no such file or folder');
    expect(faultOf(await run('predict', 'run', 'vit'))).toBe('vit: no image in this folder');
    expect(faultOf(await run('predict', 'vit', 'data', '--engine', 'cuda'))).toMatch(/^engine: /);
  });

  it('an empty folder has no runs, which is no fault', async () => {
    const { code, stdout } = await run('runs', 'vit');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'no runs in vit; start one by lowrank train\n' });
  });
});
