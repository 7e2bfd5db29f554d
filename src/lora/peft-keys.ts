/**
 * Tensor names in `adapter_model.safetensors` (checked against peft 0.21), and what older versions and state dicts call them:
 * with the adapter's name inside (`lora_A.default.weight`), without the prefix, with `.weight` after a bare parameter.
 */
import type { AdaptableModule } from '../shared/adaptable-module.ts';

export type Part = 'A' | 'B' | 'magnitude';

export type ParsedKey =
  | { readonly kind: 'layer'; readonly module: string; readonly part: Part; readonly embedding: boolean }
  /** A tensor of the base itself, saved whole. */
  | { readonly kind: 'saved'; readonly name: string }
  /** The frozen original beside a trained copy: it says nothing new. */
  | { readonly kind: 'original' }
  | { readonly kind: 'unknown' };

const PREFIX = 'base_model.model.';
const LAYER =
  /^(?<module>.+)\.lora_(?<part>A|B|embedding_A|embedding_B|magnitude_vector)(?:\.(?!(?:weight|bias)$)[^.]+)?(?:\.weight)?$/;
const PARTS: Readonly<Record<string, { part: Part; embedding: boolean }>> = {
  A: { part: 'A', embedding: false },
  B: { part: 'B', embedding: false },
  embedding_A: { part: 'A', embedding: true },
  embedding_B: { part: 'B', embedding: true },
  magnitude_vector: { part: 'magnitude', embedding: false },
};
/** Parameters that PEFT adds to a module and that are no part of LoRA as it is here. */
const FOREIGN = /\.(?:lora_|token_adapter\.)/;

export function parseKey(key: string): ParsedKey {
  // torch.compile puts `_orig_mod.` in front of what it wraps.
  const name = key.replaceAll('_orig_mod.', '').replace(PREFIX, '');
  const { module, part } = LAYER.exec(name)?.groups ?? {};
  if (module !== undefined) return { kind: 'layer', module, ...PARTS[part!]! };
  if (FOREIGN.test(name)) return { kind: 'unknown' };
  if (name.includes('.original_module.')) return { kind: 'original' };
  return { kind: 'saved', name: name.replace('.base_layer.', '.').replace(/\.modules_to_save(?:\.default)?\./, '.') };
}

export function keyOfPart(module: string, part: Part, kind: AdaptableModule['kind']): string {
  if (part === 'magnitude') return `${PREFIX}${module}.lora_magnitude_vector`;
  return `${PREFIX}${module}.${kind === 'embedding' ? `lora_embedding_${part}` : `lora_${part}.weight`}`;
}

/** The key of a tensor saved whole; a bias of an adapted module lies in the layer that PEFT wraps. */
export function keyOfSaved(name: string, isAdapted: (module: string) => boolean): string {
  const dot = name.lastIndexOf('.');
  const module = name.slice(0, dot);
  return `${PREFIX}${isAdapted(module) ? `${module}.base_layer` : module}${name.slice(dot)}`;
}
