/** Progress as often as a person sees it change: a check of 50 000 images would else write as many lines. */

const EVERY_MS = 50;

export function throttled(
  tell: (done: number, total: number | null) => void,
  now: () => number = Date.now,
): (done: number, total: number | null) => void {
  let last = -Infinity;
  return (done, total) => {
    const time = now();
    // The end is always told.
    if (time - last < EVERY_MS && done !== total) return;
    last = time;
    tell(done, total);
  };
}
