/** Path → packed and unpacked bytes, and whether it may be executed. */
export function readZip(
  file: string,
): ReadonlyMap<string, { readonly packed: number; readonly unpacked: number; readonly executable: boolean }>;
