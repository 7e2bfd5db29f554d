/** The task process: one request (src/shared/protocol/tasks.ts) on its standard input, lines of JSON out. Exit 0 with a result, 1 with a fault. */
import { InputError, messageOf } from '../shared/errors.ts';
import { type TaskLine, type TaskName, type TaskRequest, taskRequestSchema } from '../shared/protocol/tasks.ts';
import { throttled } from './throttle.ts';
import { perform } from './tasks.ts';

/** The longest request is a job with patterns for each of thousands of modules. */
const MAX_REQUEST_BYTES = 16 * 2 ** 20;

function send(line: TaskLine<unknown>): void {
  // What is no number is null in JSON, as the results say.
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function readRequest(): Promise<TaskRequest> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_REQUEST_BYTES) throw new Error(`the request is longer than ${MAX_REQUEST_BYTES} bytes`);
    chunks.push(chunk);
  }
  const parsed = taskRequestSchema.safeParse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = (issue?.path ?? []).join('.');
  const message = issue?.message ?? 'is none of the requests';
  // A job is the user's; everything else was written by the editor.
  if (field.startsWith('job.')) throw new InputError(message, { field: field.slice('job.'.length) });
  throw new Error(`malformed request: ${field}: ${message}`);
}

async function main(): Promise<number> {
  try {
    const request = await readRequest();
    const progress = throttled((done, total) => {
      send({ type: 'progress', done, total });
    });
    const result = await perform<TaskName>(request.task, request, {
      progress,
      part: (part) => {
        send({ type: 'part', part });
      },
      log: (text) => process.stderr.write(`${text}\n`),
    });
    send({ type: 'result', result });
    return 0;
  } catch (error) {
    const place = error instanceof InputError ? error.place : {};
    const cause = error instanceof InputError ? 'input' : 'internal';
    if (cause === 'internal') process.stderr.write(`${error instanceof Error ? (error.stack ?? '') : String(error)}\n`);
    send({ type: 'fault', cause, message: messageOf(error), file: place.file ?? null, field: place.field ?? null });
    return 1;
  }
}

// Whoever asked is gone: nobody reads on.
process.stdout.on('error', () => process.exit(1));
process.exitCode = await main();
