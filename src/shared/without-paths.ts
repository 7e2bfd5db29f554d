/** Texts for others to read: places of the user's are taken out of them. Pure. */

/** An absolute path of any system, up to what cannot belong to it. A colon or comma ends it, as messages put one behind a file. */
const PATH = /(?<![\w.~])(?:[A-Za-z]:)?[\\/][^\s:;,'"`)\]]*[^\s:;,.'"`)\]]/g;

/** `places` are known ones, which may hold spaces; whatever else looks like an absolute path goes as well. */
export function withoutPaths(text: string, places: readonly string[] = []): string {
  // The longest first: a folder inside of another one is not cut in two.
  const known = places.filter((place) => place.length > 1).toSorted((a, b) => b.length - a.length);
  const replaced = known.reduce((rest, place) => rest.replaceAll(place, '/…'), text);
  return replaced.replaceAll(PATH, '<path>');
}
