/** From image files to one picture of a detector's batch with its boxes: what a decoding worker does for each sample. */
import { InputError } from '../../shared/errors.ts';
import type { Random } from '../../shared/random.ts';
import { type Arrangement, letterboxed, mosaic, type Movement, type Pictured, single } from './arrange.ts';
import { type ColourRange, varyColours } from './colour.ts';
import { compose, GROUND } from './compose.ts';
import { flipped } from './flip.ts';
import { LoadedImages } from './loaded-images.ts';
import { boxesOf, packPicture, type SharedBoxes } from './shared-boxes.ts';

/** Random variations of training pictures; probabilities are 0…1. */
export interface DetectionAugmentation extends Movement, ColourRange {
  /** Probability that four images share a picture. */
  readonly mosaic: number;
  /** Epochs at the end without mosaics: the pictures that are asked for later are not put together. */
  readonly closeMosaic: number;
  /** Probability of a mirrored picture, left to right and top to bottom. */
  readonly flip: number;
  readonly flipVertically: number;
}

/** Ultralytics' defaults, with which its checkpoints were trained. */
export const DEFAULT_DETECTION_AUGMENTATION: DetectionAugmentation = {
  mosaic: 1,
  closeMosaic: 10,
  scale: 0.5,
  translate: 0.1,
  flip: 0.5,
  flipVertically: 0,
  hue: 0.015,
  saturation: 0.7,
  value: 0.4,
};

/** Passes between threads. */
export interface DetectionRecipe {
  /** Of the square picture, in pixels. */
  readonly side: number;
  /** Null for whole images with grey around them. */
  readonly augmentation: DetectionAugmentation | null;
  /** From this epoch on without mosaics. */
  readonly mosaicUntil: number;
  readonly seed: number;
  readonly boxes: SharedBoxes;
  /** Boxes that a picture can have. */
  readonly capacity: number;
  /** Of decoded images, for each thread. */
  readonly loadedBytes: number;
}

/** Of the recipes of this thread. */
const loaded = new WeakMap<DetectionRecipe, LoadedImages>();

/** As `packPicture` packs it. Throws an `InputError` where the sample's own image cannot be read; another's place stays grey. */
export function prepareDetection(
  pathOf: (sample: number) => string,
  sample: number,
  random: Random,
  epoch: number,
  recipe: DetectionRecipe,
): Uint8Array {
  const { side, augmentation, capacity } = recipe;
  let images = loaded.get(recipe);
  if (images === undefined) loaded.set(recipe, (images = new LoadedImages(side, recipe.loadedBytes)));
  const store = images;
  const load = (index: number): Pictured => ({ image: store.load(pathOf(index)), boxes: boxesOf(recipe.boxes, index) });
  const own = load(sample);
  if (augmentation === null) {
    const { tiles, boxes } = letterboxed(own, side);
    return packPicture(compose(tiles, { width: side, height: side }), boxes, capacity);
  }
  const { tiles, boxes } = arranged(own, load, random, epoch, recipe, augmentation);
  const pixels = compose(tiles, { width: side, height: side });
  varyColours(pixels, augmentation, random.fork('colour'));
  return packPicture(pixels, flipped(pixels, boxes, side, augmentation, random.fork('flip')), capacity);
}

function arranged(
  own: Pictured,
  load: (index: number) => Pictured,
  random: Random,
  epoch: number,
  { side, mosaicUntil, boxes }: DetectionRecipe,
  augmentation: DetectionAugmentation,
): Arrangement {
  const moves = random.fork('move');
  if (epoch >= mosaicUntil || random.fork('mosaic').uniform() >= augmentation.mosaic)
    return single(own, side, augmentation, moves);
  const partners = random.fork('partners');
  const samples = boxes.offsets.length - 1;
  const others = [1, 2, 3].map(() => loadOrNothing(load, partners.int(samples)));
  return mosaic(partners.shuffle([own, ...others]), side, augmentation, moves);
}

const NOTHING: Pictured = {
  image: { width: 1, height: 1, data: new Uint8Array(3).fill(GROUND) },
  boxes: { labels: new Int32Array(0), corners: new Float32Array(0) },
};

/** A partner that cannot be read is told of where it is the sample itself. */
function loadOrNothing(load: (index: number) => Pictured, index: number): Pictured {
  try {
    return load(index);
  } catch (error) {
    if (error instanceof InputError) return NOTHING;
    throw error;
  }
}
