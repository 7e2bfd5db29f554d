import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { WEIGHTS_FILE } from '../lora/read-adapter.ts';
import { resize as resizeAdapter } from '../lora/resize.ts';
import { writeAdapter } from '../lora/write-adapter.ts';
import { locateLora } from '../trainer/locate-adapter.ts';
import type { Task } from './task.ts';

export const resize: Task<'resize'> = async ({ path, rank, out }) => {
  const { adapter } = await locateLora(path);
  const { adapter: smaller, error, layers } = resizeAdapter(adapter, { rank });
  await writeAdapter(out, smaller, { dtype: adapter.dtype === 'float32' ? 'float32' : 'float16' });
  return { out: resolve(out), error, layers, bytes: statSync(join(out, WEIGHTS_FILE)).size };
};
