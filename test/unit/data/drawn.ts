/** The same image as `drawn` in test/parity/data_preprocess.py: full contrast between neighbours. */
import type { RgbImage } from '../../../src/data/decode-image.ts';

export function drawn(width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++, at++) {
        const texture = Math.floor(x / 5) * Math.floor(y / 3) * 4099;
        data[at] = (x * 7919 + y * 104729 + c * 1299709 + x * y * 31 + texture) % 256;
      }
    }
  }
  return { width, height, data };
}
