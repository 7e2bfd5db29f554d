import { defineConfig } from 'vitest/config';

/** A limit only ends what hangs: a busy machine takes many times as long as a quiet one. */
const project = (name: string, timeout: number) => ({
  extends: true as const,
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout: timeout, hookTimeout: timeout },
});

export default defineConfig({
  test: {
    // Native engines do not survive worker threads; each file gets a process. Two, because the engines use threads themselves.
    pool: 'forks',
    maxWorkers: 2,
    // A missing snapshot is a failure, not a new expectation.
    update: 'none',
    projects: [
      project('unit', 240_000),
      // Runs the bundles in dist/: build first.
      project('integration', 600_000),
      // A real VS Code in a real browser, with the packaged extension: one at a time. A key or a click that is lost on a busy machine is
      // tried once more; the report marks the test with `retry x1`.
      {
        ...project('e2e', 600_000),
        test: {
          ...project('e2e', 600_000).test,
          globalSetup: 'test/e2e/setup.ts',
          maxWorkers: 1,
          retry: 1,
          expect: { poll: { timeout: 60_000 } },
        },
      },
      // Compares with PyTorch, transformers and peft; only `npm run test:parity` runs it.
      project('parity', 600_000),
    ],
  },
});
