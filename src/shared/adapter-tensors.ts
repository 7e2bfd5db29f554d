/** What `adapter_model.safetensors` calls its tensors (checked against peft 0.21), and how large the file is. */
import { type AdaptableModule, adapterShapesOf } from './adaptable-module.ts';

export type Part = 'A' | 'B' | 'magnitude';

/** What PEFT puts in front of a path of the base. */
export const KEY_PREFIX = 'base_model.model.';

export function keyOfPart(module: string, part: Part, kind: AdaptableModule['kind']): string {
  if (part === 'magnitude') return `${KEY_PREFIX}${module}.lora_magnitude_vector`;
  return `${KEY_PREFIX}${module}.${kind === 'embedding' ? `lora_embedding_${part}` : `lora_${part}.weight`}`;
}

/** The key of a tensor saved whole; a bias of an adapted module lies in the layer that PEFT wraps. */
export function keyOfSaved(name: string, isAdapted: (module: string) => boolean): string {
  const dot = name.lastIndexOf('.');
  const module = name.slice(0, dot);
  return `${KEY_PREFIX}${isAdapted(module) ? `${module}.base_layer` : module}${name.slice(dot)}`;
}

export interface NamedShape {
  readonly name: string;
  readonly shape: readonly number[];
}

/** The tensors of one adapted module. */
export function adapterTensors(module: AdaptableModule, rank: number, useDora: boolean): NamedShape[] {
  const shapes = adapterShapesOf(module, rank);
  const parts: readonly Part[] = useDora ? ['A', 'B', 'magnitude'] : ['A', 'B'];
  return parts.map((part) => ({ name: keyOfPart(module.path, part, module.kind), shape: shapes[part] }));
}

const DTYPES = { float32: { code: 'F32', width: 4 }, float16: { code: 'F16', width: 2 } } as const;
export type WeightDType = keyof typeof DTYPES;

export function widthOf(dtype: WeightDType): number {
  return DTYPES[dtype].width;
}

/** A tensor as far as the size of its file depends on it: measured once, it is asked for any rank. */
export interface MeasuredTensor {
  readonly name: string;
  /** Bytes of its entry in the header, without its offsets; at rank 1. */
  readonly entry: number;
  /** At rank 1. */
  readonly elements: number;
  /** Whether one of its dimensions is the rank. */
  readonly ranked: boolean;
}

const encoder = new TextEncoder();

/** In the order of the file, which is that of the names. */
export function measureTensors(
  tensors: readonly (NamedShape & { readonly ranked: boolean })[],
  dtype: WeightDType,
): MeasuredTensor[] {
  return [...tensors]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, shape, ranked }) => {
      const entry = `,${JSON.stringify(name)}:${JSON.stringify({ dtype: DTYPES[dtype].code, shape, data_offsets: [] })},`;
      return { name, entry: encoder.encode(entry).length, elements: product(shape), ranked };
    });
}

/**
 * Bytes of a safetensors file: 8 for the length of the header, the header padded to 8, the data. The header lists the tensors by name
 * with their offsets, so its length follows from the shapes alone. A tensor whose rank is undefined is not in the file.
 */
export function fileBytesAt(
  tensors: readonly MeasuredTensor[],
  rankOf: (tensor: number) => number | undefined,
  dtype: WeightDType,
  metadata: Readonly<Record<string, string>>,
): number {
  const { width } = DTYPES[dtype];
  let header = encoder.encode(`{"__metadata__":${JSON.stringify(metadata)}}`).length;
  let offset = 0;
  for (let i = 0; i < tensors.length; i++) {
    const rank = rankOf(i);
    if (rank === undefined) continue;
    const { entry, elements, ranked } = tensors[i]!;
    header += entry + digitsOf(offset) + (ranked ? digitsOf(rank) - 1 : 0);
    offset += elements * (ranked ? rank : 1) * width;
    header += digitsOf(offset);
  }
  return 8 + Math.ceil(header / 8) * 8 + offset;
}

/** The same for tensors of given shapes. */
export function safetensorsBytes(
  tensors: readonly NamedShape[],
  dtype: WeightDType,
  metadata: Readonly<Record<string, string>>,
): number {
  const measured = measureTensors(
    tensors.map((tensor) => ({ ...tensor, ranked: false })),
    dtype,
  );
  return fileBytesAt(measured, () => 1, dtype, metadata);
}

function product(shape: readonly number[]): number {
  return shape.reduce((size, dim) => size * dim, 1);
}

/** Of a whole number, not negative. */
function digitsOf(value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  return digits;
}
