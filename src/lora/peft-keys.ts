/**
 * Tensor names in `adapter_model.safetensors` (checked against peft 0.21), and what older versions and state dicts call them:
 * with the adapter's name inside (`lora_A.default.weight`), without the prefix, with `.weight` after a bare parameter.
 */
import { KEY_PREFIX, type Part } from '../shared/adapter-tensors.ts';

export type ParsedKey =
  | { readonly kind: 'layer'; readonly module: string; readonly part: Part; readonly embedding: boolean }
  /** A tensor of the base itself, saved whole. */
  | { readonly kind: 'saved'; readonly name: string }
  /** The frozen original beside a trained copy: it says nothing new. */
  | { readonly kind: 'original' }
  | { readonly kind: 'unknown' };

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
  const name = key.replaceAll('_orig_mod.', '').replace(KEY_PREFIX, '');
  const { module, part } = LAYER.exec(name)?.groups ?? {};
  if (module !== undefined) return { kind: 'layer', module, ...PARTS[part!]! };
  if (FOREIGN.test(name)) return { kind: 'unknown' };
  if (name.includes('.original_module.')) return { kind: 'original' };
  return { kind: 'saved', name: name.replace('.base_layer.', '.').replace(/\.modules_to_save(?:\.default)?\./, '.') };
}
