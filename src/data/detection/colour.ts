/** Random hue, saturation and value: each pixel's are turned or multiplied by the same random factors. */
import type { Random } from '../../shared/random.ts';

export interface ColourRange {
  /** Largest change, in parts of the full turn. */
  readonly hue: number;
  /** Largest change of the factor 1. */
  readonly saturation: number;
  readonly value: number;
}

/** Changes `[…, 3]` pixels in place. */
export function varyColours(pixels: Uint8Array, { hue, saturation, value }: ColourRange, random: Random): void {
  const turn = 6 * random.uniform(-hue, hue);
  const strength = 1 + random.uniform(-saturation, saturation);
  const light = 1 + random.uniform(-value, value);
  for (let i = 0; i < pixels.length; i += 3) {
    const [red, green, blue] = [pixels[i]!, pixels[i + 1]!, pixels[i + 2]!];
    const most = Math.max(red, green, blue);
    const span = most - Math.min(red, green, blue);
    const bright = Math.min(most * light, 255);
    if (span === 0) {
      pixels[i] = pixels[i + 1] = pixels[i + 2] = bright + 0.5;
      continue;
    }
    // The hue in sixths of a turn, red being 0.
    let sixth =
      most === red ? (green - blue) / span : most === green ? 2 + (blue - red) / span : 4 + (red - green) / span;
    sixth += turn;
    const depth = bright * Math.min((span / most) * strength, 1);
    pixels[i] = channel(sixth, 5, bright, depth);
    pixels[i + 1] = channel(sixth, 3, bright, depth);
    pixels[i + 2] = channel(sixth, 1, bright, depth);
  }
}

/** From hue, value and value · saturation: value less the depth times how far the hue is from this colour. */
function channel(sixth: number, shift: number, bright: number, depth: number): number {
  const place = (((shift + sixth) % 6) + 6) % 6;
  return bright - depth * Math.max(0, Math.min(place, 4 - place, 1)) + 0.5;
}
