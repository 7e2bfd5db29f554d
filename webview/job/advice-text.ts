/** Advice in words. */
import type { Advice } from '../../src/shared/advice.ts';
import { formatBytes, formatInteger } from '../../src/shared/format.ts';
import { t } from '../ui/l10n.ts';

export function adviceText(advice: Advice): string {
  switch (advice.id) {
    case 'rank-for-images':
      return t(
        'Rank {0} exceeds what {1} images can use: as a rule of thumb, eight images for each rank.',
        String(advice.rank),
        formatInteger(advice.images),
      );
    case 'rank-above-layers':
      return t(
        'Rank {0} exceeds the smaller side of {1} layers, which are left out ({2}, …).',
        String(advice.rank),
        formatInteger(advice.layers),
        advice.first,
      );
    case 'rslora':
      return t('From rank 32 on, alpha / r shrinks the updates too much; rsLoRA divides by √r instead.');
    case 'memory-above-machine':
      return t(
        'This needs about {0}, and this machine has {1}: it would swap or be ended.',
        formatBytes(advice.needed),
        formatBytes(advice.machine),
      );
    case 'memory-above-free':
      return t(
        'This needs about {0}, and {1} are free now: close something else first.',
        formatBytes(advice.needed),
        formatBytes(advice.free),
      );
    case 'larger-than-copy':
      return t(
        'The adapter ({0}) would be larger than a full copy of the model ({1}).',
        formatBytes(advice.adapter),
        formatBytes(advice.copy),
      );
    case 'rate-for-full':
      return t('A learning rate of {0} suits adapters; training every weight wants a lower one.', String(advice.rate));
    case 'imbalance':
      return t(
        'The largest class has {0} times as many images as the smallest: class weights keep it from drowning the others.',
        advice.ratio.toFixed(1),
      );
    case 'batch-for-images':
      return t(
        'A batch of {0} is more than the {1} training images.',
        formatInteger(advice.batch),
        formatInteger(advice.images),
      );
    case 'updates-for-boxes':
      return t(
        '{0} updates are too few to tell what LoRA can do with boxes: in our trials most was gained after {1}.',
        formatInteger(advice.updates),
        formatInteger(advice.enough),
      );
    case 'toy-base':
      return t('The sample base is a toy: it shows how things work, not how good they get.');
    default:
      return advice satisfies never;
  }
}

/** What a click does about it. */
export function fixText({ id, fix }: Advice): string {
  const value = String(fix?.value ?? '');
  switch (id) {
    case 'rank-for-images':
      return t('Use rank {0}', value);
    case 'rslora':
      return t('Use rsLoRA');
    case 'memory-above-machine':
      return t('Use batches of {0}', value);
    case 'rate-for-full':
      return t('Use {0}', value);
    case 'updates-for-boxes':
      return t('Train {0} epochs', value);
    case 'imbalance':
      return t('Balance the classes');
    default:
      return t('Mend it');
  }
}
