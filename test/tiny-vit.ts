/** A base that trains in a second: a vision transformer of two small blocks with random weights, as a Hugging Face folder. */
import { type VitSize, writeRandomVit } from '../scripts/random-vit.ts';

const SIZE: VitSize = { width: 16, layers: 2, heads: 2, image: 32, patch: 8, labels: ['cat', 'dog'] };

/** Returns the folder. The same seed gives the same weights. */
export async function writeTinyVit(folder: string, size: Partial<VitSize> = {}, seed = 0): Promise<string> {
  await writeRandomVit(folder, { ...SIZE, ...size }, seed);
  return folder;
}
