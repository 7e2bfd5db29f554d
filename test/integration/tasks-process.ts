/** A task as the editor starts it: the bundle in a process of its own, one request on its input, lines of JSON out. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { PartOf, RequestOf, ResultOf, TaskLine, TaskName } from '../../src/shared/protocol/tasks.ts';

const TASKS = join(import.meta.dirname, '../../dist/tasks.js');

export interface RawTask {
  readonly code: number | null;
  readonly lines: readonly TaskLine<unknown>[];
  readonly stderr: string;
}

/** `onLine` may end the process by throwing: it is killed then, as by the editor's cancel. */
export function runRaw(input: string, onLine: (line: TaskLine<unknown>) => void = () => undefined): Promise<RawTask> {
  const child = spawn(process.execPath, [TASKS], { stdio: ['pipe', 'pipe', 'pipe'] });
  const lines: TaskLine<unknown>[] = [];
  let [pending, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (pending + text).split('\n');
    pending = parts.pop() ?? '';
    for (const part of parts) {
      const line = JSON.parse(part) as TaskLine<unknown>;
      lines.push(line);
      try {
        onLine(line);
      } catch {
        child.kill('SIGKILL');
      }
    }
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.end(input);
  return new Promise((resolve) => {
    child.on('close', (code) => {
      resolve({ code, lines, stderr });
    });
  });
}

export interface Answer<T extends TaskName> {
  readonly result: ResultOf<T>;
  readonly parts: readonly PartOf<T>[];
}

/** Throws the fault's message. */
export async function ask<T extends TaskName>(request: RequestOf<T>): Promise<Answer<T>> {
  const { code, lines, stderr } = await runRaw(JSON.stringify(request));
  const last = lines.at(-1) as TaskLine<ResultOf<T>> | undefined;
  if (last?.type === 'fault') throw new Error(`${last.cause}: ${last.message}`);
  if (last?.type !== 'result' || code !== 0) throw new Error(`no answer (exit ${code}): ${stderr}`);
  const parts = lines.flatMap((line) => (line.type === 'part' ? [line.part as PartOf<T>] : []));
  return { result: last.result, parts };
}
