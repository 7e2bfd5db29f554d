/** Once for all files: a Chromium, a code-server, and the vsix of this platform. What is missing is told in one line. */
import type { TestProject } from 'vitest/node';
import { packageTarget, thisTarget } from '../../scripts/package.mjs';
import { findChromium, installCodeServer } from '../../scripts/vscode-install.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    vsix: string;
  }
}

export default function setup({ provide }: TestProject): void {
  findChromium();
  installCodeServer();
  provide('vsix', process.env['LOWRANK_VSIX'] ?? packageTarget(thisTarget()));
}
