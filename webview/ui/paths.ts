/** Paths of the host's system, as a person reads them. A view knows neither which system that is nor Node's `path`. */

export function nameOf(path: string): string {
  return path.split(/[\\/]/).findLast((part) => part !== '') ?? path;
}

/** The part of a path below `root`; the whole path where it lies elsewhere. */
export function within(path: string, root: string): string {
  return path.startsWith(root) ? path.slice(root.length).replace(/^[\\/]/, '') : path;
}
