import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeOnnxAdapter, encodeOnnxAdapter } from '../../../src/export/onnx-adapter-file.ts';
import { float32, int64 } from '../../../src/graph/tensor.ts';
import type { Tensor } from '../../../src/graph/tensor.ts';
import { InputError } from '../../../src/shared/errors.ts';
import { mutations } from '../formats/mutations.ts';

/** Written by ONNX Runtime's own AdapterFormat: test/parity/make_onnx_adapter.py. */
const FOREIGN = readFileSync(join(import.meta.dirname, '../../fixtures/export/onnxruntime.onnx_adapter'));

const PARAMETERS = new Map<string, Tensor>([
  ['layer.lora_A', float32([2, 3], [0, 0.25, 0.5, 0.75, 1, 1.25])],
  ['layer.lora_B', float32([2, 1], [-1.5, 2.25])],
  ['ids', int64([3], [1, -2, 2 ** 40])],
  ['scale', float32([], [0.5])],
]);

describe('.onnx_adapter files', () => {
  it('reads what ONNX Runtime wrote', () => {
    expect(decodeOnnxAdapter(FOREIGN, 'x')).toEqual({ parameters: PARAMETERS, modelVersion: 123456789 });
  });

  it('reads what it wrote, whatever the lengths of the names', () => {
    const named = [...PARAMETERS].map(([name, tensor], index) => [`${name}${'é'.repeat(index)}`, tensor] as const);
    const adapter = { parameters: new Map(named), modelVersion: 7 };
    expect(decodeOnnxAdapter(encodeOnnxAdapter(adapter), 'x')).toEqual(adapter);
  });

  it('puts the elements of every tensor on a multiple of eight, where they can be mapped', () => {
    const bytes = encodeOnnxAdapter({ parameters: PARAMETERS, modelVersion: 0 });
    for (const { data } of PARAMETERS.values()) {
      const wanted = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
      expect(Buffer.from(bytes).indexOf(wanted) % 8).toBe(0);
    }
  });

  it('refuses another format, and another version of it', () => {
    const bytes = encodeOnnxAdapter({ parameters: PARAMETERS, modelVersion: 0 });
    const foreign = Uint8Array.from(bytes);
    foreign[4] = 0;
    expect(() => decodeOnnxAdapter(foreign, 'a.onnx_adapter')).toThrow('a.onnx_adapter: is no .onnx_adapter file');
    const newer = Uint8Array.from(bytes);
    // The first field of the root table, behind identifier and vtable.
    newer[24] = 2;
    expect(() => decodeOnnxAdapter(newer, 'a')).toThrow('a: has format version 2, not 1');
  });

  it('survives 10 000 damaged files: each is read or refused in one line', () => {
    const seeds = [FOREIGN, encodeOnnxAdapter({ parameters: PARAMETERS, modelVersion: 1 })];
    let refused = 0;
    for (const bytes of mutations(seeds, 10_000)) {
      try {
        decodeOnnxAdapter(bytes, 'x');
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
        expect((error as Error).message).not.toContain('\n');
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });
});
