export function installCodeServer(): { node: string; entry: string };
export function findChromium(): string;
export function findLocalCode(): string | undefined;
export function onPath(name: string): string | undefined;
