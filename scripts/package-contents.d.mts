export const TARGETS: Readonly<Record<string, { node: string; image: string }>>;

/** Path inside a vsix → path on disk. */
export function contentsOf(
  target: string,
  folders: { root: string; built: string; fetched: { node: string; licence: string; image: string } },
): ReadonlyMap<string, string>;

export function packagedManifest(
  manifest: Readonly<Record<string, unknown>>,
  paths: Iterable<string>,
): Record<string, unknown>;
