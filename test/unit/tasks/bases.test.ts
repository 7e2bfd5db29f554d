import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findBases } from '../../../src/models/find-bases.ts';
import { temporaryFolder, writeFiles } from '../data/folders.ts';

const DETECTOR = join(import.meta.dirname, '../../fixtures/yolo/drawn.pt');
const folder = temporaryFolder();
const text = (content: string): Uint8Array => new Uint8Array(Buffer.from(content));
const config = (type: string): Uint8Array =>
  text(JSON.stringify({ model_type: type, architectures: [`${type}-class`] }));
const COMMIT = '0123456789abcdef0123456789abcdef01234567';

describe('models on this machine', () => {
  it('are told with what a job writes, their size, their licence, and why not', async () => {
    const root = writeFiles(`${folder.path}/work`, {
      'models/vit/config.json': config('vit'),
      'models/vit/model.safetensors': new Uint8Array(100),
      'models/vit/README.md': text('---\nlanguage: en\nlicense: apache-2.0\n---\n# A model\n'),
      'bert/config.json': config('bert'),
      'bert/model.safetensors': new Uint8Array(10),
      'broken/config.json': text('{'),
      'broken/model.safetensors': new Uint8Array(1),
      'net.onnx': new Uint8Array(7),
      'net.onnx.data': new Uint8Array(5),
      'detectors/drawn.pt': new Uint8Array(readFileSync(DETECTOR)),
      'yolo11n.pt': new Uint8Array(3),
      'adapter/adapter_config.json': text('{}'),
      'adapter/adapter_model.safetensors': new Uint8Array(1),
      'node_modules/x/hidden.onnx': new Uint8Array(1),
      '.lowrank/runs/r/hidden.onnx': new Uint8Array(1),
    });
    const cache = writeFiles(`${folder.path}/hub`, {
      [`owner--name/${COMMIT}/config.json`]: config('dinov2'),
      [`owner--name/${COMMIT}/model.safetensors`]: new Uint8Array(20),
      [`owner--name/${COMMIT.replace('0', 'f')}.partial/model.safetensors`]: new Uint8Array(20),
      'owner--name/refs/main': text(COMMIT),
    });
    const { bases, truncated } = await findBases([root], { cache });
    expect(truncated).toBe(false);
    const [sample, detector, hub, ...found] = bases;
    expect(sample).toMatchObject({ base: 'sample', kind: 'sample', obstacle: null });
    expect(detector).toMatchObject({ base: 'sample-detector', kind: 'sample', task: 'detection', obstacle: null });
    expect(hub).toMatchObject({
      base: `hf:owner/name@${COMMIT}`,
      label: 'owner/name',
      kind: 'hub',
      bytes: 20,
      obstacle: null,
    });
    expect(found).toMatchObject([
      {
        label: 'bert',
        kind: 'transformers',
        obstacle: expect.stringContaining('"bert" models are not supported') as string,
      },
      { label: 'broken', architecture: null, obstacle: expect.stringContaining('config.json') as string },
      { label: 'detectors/drawn.pt', kind: 'checkpoint', task: 'detection', architecture: 'yolo11', obstacle: null },
      {
        label: 'models/vit',
        task: 'classification',
        architecture: 'vit-class',
        bytes: 100,
        licence: 'apache-2.0',
        obstacle: null,
      },
      { base: `${root}/net.onnx`, kind: 'onnx', task: null, bytes: 12, licence: null, obstacle: null },
      { label: 'yolo11n.pt', task: 'detection', obstacle: expect.stringContaining('no checkpoint') as string },
    ]);
  });

  it('are not looked for without end', async () => {
    const root = writeFiles(`${folder.path}/deep`, ['1/2/3/4/5/6/7/8/net.onnx', '1/near.onnx']);
    const { bases } = await findBases([root, `${folder.path}/gone`], { cache: `${folder.path}/none` });
    expect(bases.map(({ label }) => label)).toEqual(['sample', 'sample-detector', '1/near.onnx']);
  });
});
