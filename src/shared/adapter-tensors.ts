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

/**
 * Bytes of a safetensors file of these tensors: 8 for the length of the header, the header padded to 8, the data.
 * The header lists the tensors by name with their offsets, so its length follows from the shapes alone.
 */
export function safetensorsBytes(
  tensors: readonly NamedShape[],
  dtype: WeightDType,
  metadata: Readonly<Record<string, string>>,
): number {
  const { code, width } = DTYPES[dtype];
  let offset = 0;
  const described = [...tensors]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, shape }) => {
      const begin = offset;
      offset += shape.reduce((product, dim) => product * dim, width);
      return `${JSON.stringify(name)}:${JSON.stringify({ dtype: code, shape, data_offsets: [begin, offset] })}`;
    });
  const header = `{${[`"__metadata__":${JSON.stringify(metadata)}`, ...described].join(',')}}`;
  return 8 + Math.ceil(new TextEncoder().encode(header).length / 8) * 8 + offset;
}
