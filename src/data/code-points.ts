/**
 * Compares two strings by code point: the one order that neither the file system nor the language of the machine changes.
 * JavaScript's `<` compares UTF-16 units, which puts U+E000…U+FFFF behind the characters beyond U+FFFF.
 */
export function byCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = rankOf(a.charCodeAt(i)) - rankOf(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Moves the surrogates behind all other units: they stand for the code points above them. */
function rankOf(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
