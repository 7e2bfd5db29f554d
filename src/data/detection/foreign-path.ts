/** Paths in a dataset's files as other machines and tools wrote them. */

/** The path as it stands, with Windows' backslashes as slashes, and without the `data/` that CVAT and Darknet put before each. */
export function spellings(path: string): string[] {
  const slashed = path.replaceAll('\\', '/');
  return [...new Set([path, slashed, slashed.replace(/^(\.\/)?data\//, '')])];
}
