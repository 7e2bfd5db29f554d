/** Every export format, one line each. */
import { InputError } from '../shared/errors.ts';
import type { ExportFormat } from './format.ts';
import { onnxAdapter } from './onnx-adapter.ts';
import { onnxFp16 } from './onnx-fp16.ts';
import { onnxFp32 } from './onnx-fp32.ts';
import { onnxInt8 } from './onnx-int8.ts';
import { transformers } from './transformers.ts';

export const EXPORT_FORMATS: readonly ExportFormat[] = [onnxFp32, onnxFp16, onnxInt8, onnxAdapter, transformers];

/** Throws InputError for a name that is none. */
export function formatOf(name: string): ExportFormat {
  const format = EXPORT_FORMATS.find((candidate) => candidate.name === name);
  if (format !== undefined) return format;
  const names = EXPORT_FORMATS.map((candidate) => candidate.name).join(', ');
  throw new InputError(`there is no export format "${name}"; there are ${names}`, { field: 'format' });
}
