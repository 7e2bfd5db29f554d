/**
 * Reads format, size and orientation from the first bytes of an image, so that a file that claims more pixels than can be held
 * is refused before a decoder allocates them. JPEG: ITU T.81; PNG: W3C, third edition; WebP: RFC 9649; BMP: Windows DIB headers.
 */
import type { ImageFormat } from '../shared/dataset-report.ts';
import { InputError } from '../shared/errors.ts';
import { exifOrientation, type Orientation } from './exif-orientation.ts';

/** As stored: before the orientation is applied. */
export interface ImageHeader {
  readonly format: ImageFormat;
  readonly width: number;
  readonly height: number;
  readonly orientation: Orientation;
}

/** A camera of 100 megapixels; decoded, 300 MB. */
const MAX_PIXELS = 100_000_000;
/** The longest edge that a JPEG can have; resampling weights grow with it. */
const MAX_EDGE = 65_535;
const EXIF = 'Exif\0\0';

/** Throws an `InputError` naming `file` where the bytes are no image of a known format, or too large a one. */
export function readImageHeader(bytes: Uint8Array, file: string): ImageHeader {
  const reader = FORMATS.find(({ magic }) => magic(bytes));
  if (reader === undefined) {
    const empty = bytes.length === 0;
    throw new InputError(empty ? 'the file is empty' : 'not a JPEG, PNG, WebP or BMP image', { file });
  }
  let size: Omit<ImageHeader, 'format' | 'orientation'> & { orientation?: Orientation };
  try {
    size = reader.read(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), bytes);
  } catch (error) {
    if (error instanceof RangeError) throw new InputError(`a damaged or truncated ${reader.format} file`, { file });
    throw error;
  }
  const { width, height, orientation = 1 } = size;
  if (width < 1 || height < 1) throw new InputError(`a damaged ${reader.format} file: it has no pixels`, { file });
  if (width * height > MAX_PIXELS || Math.max(width, height) > MAX_EDGE) {
    const limit = `at most ${MAX_PIXELS / 1e6} million, ${MAX_EDGE} along an edge, are read`;
    throw new InputError(`${width} × ${height} pixels; ${limit}: scale it down`, { file });
  }
  return { format: reader.format, width, height, orientation };
}

interface Size {
  readonly width: number;
  readonly height: number;
  readonly orientation?: Orientation;
}

/** `read` lets `DataView` throw its `RangeError` where the file ends early. */
const FORMATS: readonly {
  readonly format: ImageFormat;
  readonly magic: (bytes: Uint8Array) => boolean;
  readonly read: (view: DataView, bytes: Uint8Array) => Size;
}[] = [
  { format: 'jpeg', magic: (bytes) => textAt(bytes, 0, 3) === '\xff\xd8\xff', read: readJpeg },
  { format: 'png', magic: (bytes) => textAt(bytes, 0, 8) === '\x89PNG\r\n\x1a\n', read: readPng },
  {
    format: 'webp',
    magic: (bytes) => textAt(bytes, 0, 4) === 'RIFF' && textAt(bytes, 8, 4) === 'WEBP',
    read: readWebp,
  },
  { format: 'bmp', magic: (bytes) => textAt(bytes, 0, 2) === 'BM', read: readBmp },
];

function readJpeg(view: DataView, bytes: Uint8Array): Size {
  let size: Size | undefined;
  let orientation: Orientation = 1;
  let at = 2;
  while (true) {
    if (view.getUint8(at) !== 0xff) throw new RangeError('no marker');
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const length = view.getUint16(at + 2);
    // Start of frame: 0xC0 to 0xCF but for the tables DHT, JPG and DAC.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      const frame = { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
      if (size === undefined || frame.width * frame.height > size.width * size.height) size = frame;
    }
    if (marker === 0xe1 && textAt(bytes, at + 4, 6) === EXIF) {
      orientation = exifOrientation(bytes.subarray(at + 10, at + 2 + length));
    }
    at += 2 + length;
    if (marker === 0xda) break;
  }
  // Decoders fill what is missing with grey. Behind the first scan these two bytes mark the end of the image and nothing else.
  if (size === undefined || lastIndexOfEnd(bytes) < at) throw new RangeError('no frame, or no end');
  return { ...size, orientation };
}

function lastIndexOfEnd(bytes: Uint8Array): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).lastIndexOf('\xff\xd9', undefined, 'latin1');
}

function readPng(view: DataView, bytes: Uint8Array): Size {
  const size = { width: view.getUint32(16), height: view.getUint32(20) };
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    const body = bytes.subarray(at + 8, at + 8 + length);
    if (textAt(bytes, at + 4, 4) === 'eXIf') return { ...size, orientation: exifOrientation(body) };
    at += 12 + length;
  }
  return size;
}

function readWebp(view: DataView, bytes: Uint8Array): Size {
  let size: Size | undefined;
  let orientation: Orientation = 1;
  for (let at = 12; at + 8 <= bytes.length;) {
    const type = textAt(bytes, at, 4);
    const length = view.getUint32(at + 4, true);
    const body = at + 8;
    if (type === 'EXIF') {
      // Some writers keep the prefix that only JPEG needs.
      const start = textAt(bytes, body, 6) === EXIF ? body + 6 : body;
      orientation = exifOrientation(bytes.subarray(start, body + length));
    } else {
      size ??= webpSize(type, view, body);
    }
    at = body + length + (length % 2);
  }
  if (size === undefined) throw new RangeError('no image chunk');
  return { ...size, orientation };
}

function webpSize(type: string, view: DataView, body: number): Size | undefined {
  switch (type) {
    case 'VP8X':
      return { width: 1 + uint24(view, body + 4), height: 1 + uint24(view, body + 7) };
    case 'VP8 ':
      return { width: view.getUint16(body + 6, true) & 0x3fff, height: view.getUint16(body + 8, true) & 0x3fff };
    case 'VP8L': {
      const bits = view.getUint32(body + 1, true);
      return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
    }
    default:
      return undefined;
  }
}

function readBmp(view: DataView): Size {
  const headerBytes = view.getUint32(14, true);
  if (headerBytes === 12) return { width: view.getUint16(18, true), height: view.getUint16(20, true) };
  // A negative height stores the rows from the top.
  return { width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) };
}

function uint24(view: DataView, at: number): number {
  return view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
}

function textAt(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
