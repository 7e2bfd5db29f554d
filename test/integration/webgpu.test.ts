/**
 * The op table and a training curve on WebGPU, which Chromium's SwiftShader serves where there is no graphics card. In a process of its own:
 * the Vulkan loader is found by the library path a process starts with.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stdout } from 'node:process';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';

/** Where Debian puts Chromium, and where a user has it elsewhere. */
const CHROMIUM = process.env['LOWRANK_SWIFTSHADER'] ?? '/usr/lib/chromium';
const DRIVER = join(CHROMIUM, 'libvk_swiftshader.so');
const found = existsSync(DRIVER) && existsSync(join(CHROMIUM, 'libvulkan.so.1'));
if (!found) stdout.write('WebGPU is not tested: no Chromium with SwiftShader (LOWRANK_SWIFTSHADER names its folder)\n');

const folder = mkdtempSync(join(tmpdir(), 'lowrank-webgpu-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function check(...flags: string[]): Promise<string> {
  const icd = join(folder, 'icd.json');
  writeFileSync(
    icd,
    JSON.stringify({ file_format_version: '1.0.0', ICD: { library_path: DRIVER, api_version: '1.0.5' } }),
  );
  const env = { ...process.env, VK_ICD_FILENAMES: icd, LD_LIBRARY_PATH: CHROMIUM };
  const script = ['dist/tools/gpu-check.js', '--engines', 'onnxruntime-webgpu', ...flags];
  // A failed check is told by the lines; the exit status alone would hide them.
  const { stdout: lines } = await promisify(execFile)(process.execPath, script, { env }).catch(
    (error: unknown) => error as { stdout: string },
  );
  return lines;
}

describe.skipIf(!found)('WebGPU', () => {
  it('computes every op as the CPU does', async () => {
    expect(await check('--only', 'ops')).toMatch(/\d{3} passed, 0 failed\n$/);
  });

  it('computes the whole step of a vision transformer itself', async () => {
    expect(await check('--only', 'placement')).toMatch(/^passed [^]*\n1 passed, 0 failed\n$/);
  });
});
