/**
 * The memory through which decoding workers hand an epoch's batches to the thread that trains. Workers claim samples one by one
 * from a common counter and sleep only where they are `slots` batches ahead; the training thread, which an engine blocks for
 * whole steps, takes no part until it wants a batch. The order of the batches is given, so it does not depend on who decodes.
 */

/** Passes between threads; every field but the numbers is shared memory. */
export interface BatchRing {
  /** Sample indices in the order in which they are wanted. */
  readonly order: Int32Array<SharedArrayBuffer>;
  readonly view: number;
  /** Samples in a batch; the last batch may have fewer. */
  readonly batch: number;
  readonly imageBytes: number;
  readonly slots: number;
  /** `[slots, batch, imageBytes]`. */
  readonly images: Uint8Array<SharedArrayBuffer>;
  /** `[slots, batch, MAX_REASON_BYTES]`: why an image could not be read, ended by a zero; empty where it was. */
  readonly reasons: Uint8Array<SharedArrayBuffer>;
  /** CLAIMED, RELEASED, STOPPED, then the samples that each slot still waits for. */
  readonly control: Int32Array<SharedArrayBuffer>;
}

const CLAIMED = 0;
const RELEASED = 1;
const STOPPED = 2;
const WAITING = 3;

/** A line of text; longer ones are cut. */
const MAX_REASON_BYTES = 192;
/** Enough to bridge steps of uneven length; more would only hold memory. */
const MAX_SLOTS = 4;
/** Bounds the memory of large batches of large images; two slots there must be, or nothing runs ahead. */
const MAX_RING_BYTES = 128 * 2 ** 20;

export interface RingOptions {
  readonly order: Int32Array;
  readonly view: number;
  readonly batch: number;
  readonly imageBytes: number;
}

/** Batches that are decoded ahead. */
export function slotsOf({ batch, imageBytes }: Pick<RingOptions, 'batch' | 'imageBytes'>): number {
  return Math.min(Math.max(Math.floor(MAX_RING_BYTES / (batch * imageBytes)), 2), MAX_SLOTS);
}

export function createRing({ order, view, batch, imageBytes }: RingOptions): BatchRing {
  const slots = slotsOf({ batch, imageBytes });
  const ring: BatchRing = {
    order: new Int32Array(new SharedArrayBuffer(order.byteLength)),
    view,
    batch,
    imageBytes,
    slots,
    images: new Uint8Array(new SharedArrayBuffer(slots * batch * imageBytes)),
    reasons: new Uint8Array(new SharedArrayBuffer(slots * batch * MAX_REASON_BYTES)),
    control: new Int32Array(new SharedArrayBuffer(4 * (WAITING + slots))),
  };
  ring.order.set(order);
  for (let slot = 0; slot < slots; slot++) ring.control[WAITING + slot] = samplesIn(ring, slot);
  return ring;
}

/** A sample to decode, and where to put it. */
export interface Claim {
  readonly sample: number;
  readonly batch: number;
  readonly place: number;
}

/** For workers: the next sample; waits, blocking its thread, until its batch has a slot. Undefined when there is none left. */
export function claim(ring: BatchRing): Claim | undefined {
  const { control, order, slots } = ring;
  const position = Atomics.add(control, CLAIMED, 1);
  if (position >= order.length) return undefined;
  const batch = Math.floor(position / ring.batch);
  while (Atomics.load(control, STOPPED) === 0) {
    const released = Atomics.load(control, RELEASED);
    if (batch < released + slots) return { sample: order[position]!, batch, place: position % ring.batch };
    Atomics.wait(control, RELEASED, released);
  }
  return undefined;
}

/** For workers: delivers the pixels of a claimed sample, or the reason why there are none. True when its batch is complete. */
export function deliver(ring: BatchRing, { batch, place }: Claim, result: Uint8Array | string): boolean {
  const slot = batch % ring.slots;
  const index = slot * ring.batch + place;
  const reason = ring.reasons.subarray(index * MAX_REASON_BYTES, (index + 1) * MAX_REASON_BYTES).fill(0);
  if (typeof result === 'string') {
    reason.set(Buffer.from(result === '' ? 'unknown reason' : result).subarray(0, MAX_REASON_BYTES - 1));
    ring.images.fill(0, index * ring.imageBytes, (index + 1) * ring.imageBytes);
  } else {
    ring.images.set(result, index * ring.imageBytes);
  }
  return Atomics.sub(ring.control, WAITING + slot, 1) === 1;
}

export function isComplete(ring: BatchRing, batch: number): boolean {
  return Atomics.load(ring.control, WAITING + (batch % ring.slots)) === 0;
}

/** Copies a complete batch out, padded with zeros to `batch` images, and gives its slot to the workers again. */
export function take(ring: BatchRing, batch: number): { images: Uint8Array; faults: Map<number, string> } {
  const slot = batch % ring.slots;
  const count = samplesIn(ring, batch);
  const images = new Uint8Array(ring.batch * ring.imageBytes);
  const start = slot * images.length;
  images.set(ring.images.subarray(start, start + count * ring.imageBytes));
  const faults = new Map<number, string>();
  for (let place = 0; place < count; place++) {
    const reason = readReason(ring, slot * ring.batch + place);
    if (reason !== '') faults.set(place, reason);
  }
  Atomics.store(ring.control, WAITING + slot, samplesIn(ring, batch + ring.slots));
  Atomics.add(ring.control, RELEASED, 1);
  Atomics.notify(ring.control, RELEASED);
  return { images, faults };
}

/** Lets all workers leave this ring. */
export function stop({ control }: BatchRing): void {
  Atomics.store(control, STOPPED, 1);
  // Waiting workers compare this value: a change wakes also one that is just about to sleep.
  Atomics.add(control, RELEASED, 1);
  Atomics.notify(control, RELEASED);
}

function samplesIn({ order, batch }: BatchRing, index: number): number {
  return Math.min(Math.max(order.length - index * batch, 0), batch);
}

function readReason({ reasons }: BatchRing, index: number): string {
  const bytes = reasons.subarray(index * MAX_REASON_BYTES, (index + 1) * MAX_REASON_BYTES);
  // Text decoders refuse shared memory, hence the copy; a character cut in half decodes to a replacement mark.
  return bytes[0] === 0 ? '' : Buffer.from(bytes.slice(0, bytes.indexOf(0))).toString('utf8');
}
