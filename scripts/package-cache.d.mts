import type { SpawnSyncOptions } from 'node:child_process';

export function cacheFolder(): string;
export function cached(name: string, fill: (folder: string) => void): string;
export function fetchPackage(spec: string): string;
export function run(command: string, args: readonly string[], options?: SpawnSyncOptions): string;
