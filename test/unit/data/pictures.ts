/** Small image files whose pixels tell which file they came from. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Transformer } from '@napi-rs/image';
import type { Sample } from '../../../src/data/dataset.ts';
import type { Preprocessing } from '../../../src/shared/preprocessing.ts';

export const SIDE = 4;

/** Takes the pictures as they are. */
export const AS_THEY_ARE: Preprocessing = {
  resize: { mode: 'exact', height: SIDE, width: SIDE },
  crop: null,
  interpolation: 'bilinear',
  mean: [0, 0, 0],
  std: [1, 1, 1],
};

/** A square PNG whose first channel is `value` everywhere; the others make left and right differ. */
export function picture(value: number): Uint8Array {
  const pixels = Uint8Array.from(
    { length: SIDE * SIDE * 4 },
    (_, i) => [value, 10 * ((i >> 2) % SIDE), 77, 255][i % 4]!,
  );
  return Transformer.fromRgbaPixels(pixels, SIDE, SIDE).pngSync();
}

/** Writes one picture for each sample; sample i has the first channel i % 256, and label i % 3. */
export function writePictures(folder: string, count: number, damaged: readonly number[] = []): Sample[] {
  return Array.from({ length: count }, (_, i) => {
    const path = join(folder, `${i}.png`);
    writeFileSync(path, damaged.includes(i) ? Uint8Array.of(1, 2, 3) : picture(i % 256));
    return { path, label: i % 3 };
  });
}
