/** The next batch made while another thread computes the present one, in memory that both see. */

/** Values one ahead: the next is asked for once the consumer of the present one waits. */
export async function* ahead<T>(source: AsyncGenerator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
  let upcoming = source.next();
  try {
    for (;;) {
      const { value, done } = await upcoming;
      if (done === true) return;
      // Not at once: what is yielded goes to the other thread first.
      upcoming = new Promise((resolve, reject) => {
        setImmediate(() => {
          source.next().then(resolve, reject);
        });
      });
      // Told when its turn comes, not as a rejection that nobody handles.
      upcoming.catch(() => undefined);
      yield value;
    }
  } finally {
    await source.return();
  }
}

/** Batches whose images lie in memory that threads share; of a batch it is used again for the one after the next. */
export async function* inSharedMemory<B extends { readonly images: Uint8Array }>(
  source: AsyncGenerator<B, void, undefined>,
): AsyncGenerator<B, void, undefined> {
  const memories: [Uint8Array | undefined, Uint8Array | undefined] = [undefined, undefined];
  let turn = 0;
  for await (const batch of source) {
    const { images } = batch;
    turn = 1 - turn;
    let memory = memories[turn];
    if (memory?.length !== images.length) {
      memory = new Uint8Array(new SharedArrayBuffer(images.length));
      memories[turn] = memory;
    }
    memory.set(images);
    yield { ...batch, images: memory };
  }
}
