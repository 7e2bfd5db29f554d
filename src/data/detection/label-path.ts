/** Where the boxes of an image stand. */
import { extname, sep } from 'node:path';

/** `…/images/a.jpg` has its boxes in `…/labels/a.txt`, the last `images` counting; elsewhere they lie beside it. */
export function labelsOf(image: string): string {
  const text = `${image.slice(0, -extname(image).length)}.txt`;
  const at = text.lastIndexOf(`${sep}images${sep}`);
  return at < 0 ? text : `${text.slice(0, at)}${sep}labels${sep}${text.slice(at + `${sep}images${sep}`.length)}`;
}
