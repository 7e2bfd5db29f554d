// Everything `npm test` checks: the build, each static check and all tests. A failed check does not stop the others, so one
// run shows everything. The last line counts each check and each test: `N passed, N failed`.
// `--static` leaves the tests out. npm puts node_modules/.bin on the path: `npm test`, `npm run check`.
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import process from 'node:process';

const REPORT = 'test-results/vitest.json';

const CHECKS = {
  types: ['tsc', '--noEmit', '-p', '.'],
  'types of views': ['tsc', '--noEmit', '-p', 'webview'],
  'types of e2e': ['tsc', '--noEmit', '-p', 'test/e2e'],
  lint: ['eslint', '.', '--max-warnings=0'],
  format: ['prettier', '--check', '--log-level=warn', '.'],
  dependencies: ['depcruise', 'src', 'webview', '--config', '.dependency-cruiser.cjs', '--output-type', 'err'],
  unused: ['knip', '--no-progress'],
};

/** Runs a command of node_modules/.bin; its output is printed as it comes, or held back until it is known to have failed. */
function run([command, ...args], { hold }) {
  return new Promise((resolve) => {
    const options = { stdio: hold ? 'pipe' : 'inherit', shell: process.platform === 'win32' };
    const child = spawn(command, args, options);
    const held = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => held.push(chunk));
    child.on('error', (error) => {
      held.push(Buffer.from(`${error.message}\n`));
      resolve({ passed: false, output: Buffer.concat(held) });
    });
    child.on('close', (code) => resolve({ passed: code === 0, output: Buffer.concat(held) }));
  });
}

async function check(name, command) {
  const start = performance.now();
  const { passed, output } = await run(command, { hold: true });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${passed ? 'passed' : 'FAILED'}  ${name} (${seconds} s)`);
  if (!passed) process.stdout.write(output);
  return { passed: Number(passed), failed: Number(!passed) };
}

/** Counts tests from vitest's own report; a file that could not be loaded, or an error outside any test, is one failure. */
async function tests(...projects) {
  rmSync(REPORT, { force: true });
  const { passed } = await run(
    [
      'vitest',
      'run',
      ...projects.map((project) => `--project=${project}`),
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${REPORT}`,
    ],
    { hold: false },
  );
  const report = readReport();
  const unloaded = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
  const failed = report.numFailedTests + unloaded;
  return { passed: report.numPassedTests, failed: passed ? failed : Math.max(failed, 1) };
}

function readReport() {
  try {
    return JSON.parse(readFileSync(REPORT, 'utf8'));
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, testResults: [] };
  }
}

const results = [await check('build', ['node', 'esbuild.config.mjs'])];
results.push(...(await Promise.all(Object.entries(CHECKS).map(([name, command]) => check(name, command)))));
if (!process.argv.includes('--static')) {
  results.push(await tests('unit', 'integration'));
  // By themselves: the editor's set-up fails alone, and nothing else takes its time.
  results.push(await tests('e2e'));
}

const total = (key) => results.reduce((sum, result) => sum + result[key], 0);
console.log(`${total('passed')} passed, ${total('failed')} failed`);
process.exitCode = total('failed') > 0 ? 1 : 0;
