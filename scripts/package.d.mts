/** Builds the vsix of a platform and returns its path. */
export function packageTarget(target: string): string;
export function thisTarget(): string;
