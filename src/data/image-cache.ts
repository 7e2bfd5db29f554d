/** Keeps prepared images in memory, so that later epochs do not decode them again. */
export class ImageCache {
  readonly #samples: number;
  readonly #imageBytes: number;
  /** Pages that nothing was written to take no memory yet. */
  readonly #images: Uint8Array;
  /** Whether an image was seen; one that could not be read counts, and stays black. */
  readonly #seen: Uint8Array;
  readonly #missing: number[];

  /** For `views` versions of each of `samples` images. */
  constructor(samples: number, views: number, imageBytes: number) {
    this.#samples = samples;
    this.#imageBytes = imageBytes;
    this.#images = new Uint8Array(samples * views * imageBytes);
    this.#seen = new Uint8Array(samples * views);
    this.#missing = Array.from({ length: views }, () => samples);
  }

  static bytes(samples: number, views: number, imageBytes: number): number {
    return samples * views * imageBytes;
  }

  /** Whether all images of a view were seen. */
  holds(view: number): boolean {
    return this.#missing[view] === 0;
  }

  /** Keeps the images of a batch, in the order of `samples`. */
  put(view: number, samples: Int32Array, images: Uint8Array): void {
    for (const [place, sample] of samples.entries()) {
      const index = view * this.#samples + sample;
      if (this.#seen[index] === 1) continue;
      this.#images.set(
        images.subarray(place * this.#imageBytes, (place + 1) * this.#imageBytes),
        index * this.#imageBytes,
      );
      this.#seen[index] = 1;
      this.#missing[view]!--;
    }
  }

  /** The images of a batch, copied and padded with zeros to `batch` of them. */
  get(view: number, samples: Int32Array, batch: number): Uint8Array {
    const images = new Uint8Array(batch * this.#imageBytes);
    for (const [place, sample] of samples.entries()) {
      const start = (view * this.#samples + sample) * this.#imageBytes;
      images.set(this.#images.subarray(start, start + this.#imageBytes), place * this.#imageBytes);
    }
    return images;
  }
}
