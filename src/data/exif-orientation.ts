/** Reads how a camera was held from Exif, and turns the pixels accordingly (Exif 2.3, tag 274). */

/** 1 upright; 2 to 4 mirrored, upside down, both; 5 to 8 the same with rows and columns exchanged. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const ORIENTATION_TAG = 0x0112;
const ENTRY_BYTES = 12;

/** The orientation in a TIFF structure, as JPEG, PNG and WebP embed it; 1 where there is none or it is damaged. */
export function exifOrientation(tiff: Uint8Array): Orientation {
  if (tiff.length < 8) return 1;
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const mark = view.getUint16(0);
  if (mark !== 0x4949 && mark !== 0x4d4d) return 1;
  const little = mark === 0x4949;
  const directory = view.getUint32(4, little);
  if (directory + 2 > tiff.length) return 1;
  const count = Math.min(view.getUint16(directory, little), Math.floor((tiff.length - directory - 2) / ENTRY_BYTES));
  for (let i = 0; i < count; i++) {
    const entry = directory + 2 + i * ENTRY_BYTES;
    if (view.getUint16(entry, little) !== ORIENTATION_TAG) continue;
    const value = view.getUint16(entry + 8, little);
    return isOrientation(value) ? value : 1;
  }
  return 1;
}

function isOrientation(value: number): value is Orientation {
  return value >= 1 && value <= 8;
}

/** Whether turning exchanges width and height. */
export function isTransposed(orientation: Orientation): boolean {
  return orientation >= 5;
}

/** Upright pixels from stored ones: both `[height, width, 3]`, with `width` and `height` those of the stored image. */
export function upright(data: Uint8Array, width: number, height: number, orientation: Orientation): Uint8Array {
  if (orientation === 1) return data;
  const [origin, right, down] = walk(width, height, orientation);
  const [columns, rows] = isTransposed(orientation) ? [height, width] : [width, height];
  const turned = new Uint8Array(data.length);
  let to = 0;
  for (let y = 0; y < rows; y++) {
    let from = 3 * (origin + y * down);
    for (let x = 0; x < columns; x++, from += 3 * right, to += 3) {
      turned[to] = data[from]!;
      turned[to + 1] = data[from + 1]!;
      turned[to + 2] = data[from + 2]!;
    }
  }
  return turned;
}

/** Where the upright image starts in the stored one, and its steps to the right and down, in pixels. */
function walk(width: number, height: number, orientation: Orientation): [origin: number, right: number, down: number] {
  const last = width * height - 1;
  switch (orientation) {
    case 1:
      return [0, 1, width];
    case 2:
      return [width - 1, -1, width];
    case 3:
      return [last, -1, -width];
    case 4:
      return [last - width + 1, 1, -width];
    case 5:
      return [0, width, 1];
    case 6:
      return [last - width + 1, -width, 1];
    case 7:
      return [last, -width, -1];
    case 8:
      return [width - 1, width, -1];
  }
}
