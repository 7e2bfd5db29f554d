/** Requests for files elsewhere: what an answer means, what is worth another attempt, and when silence has lasted too long. */
import type { ReadableStream } from 'node:stream/web';
import { setTimeout as sleep } from 'node:timers/promises';
import { InputError, messageOf } from '../shared/errors.ts';

export interface Server {
  /** Sent as a bearer token. */
  readonly token?: string | undefined;
  /** What the user asked for, as it was written: named in errors. */
  readonly reference: string;
  /** What a refusal of this status means here and what to do about it; undefined where nothing special is known. */
  readonly explain: (status: number) => string | undefined;
  /** Without a byte for so long a connection counts as cut. */
  readonly stallMs: number;
  readonly retrying: Retrying;
}

/** Not the input's fault, perhaps gone in a second: a refused or cut connection, a busy server. */
export class TransientError extends Error {
  override readonly name = 'TransientError';
}

/** Repeats an action after a `TransientError`, up to five times in a row without progress; pauses double. */
export type Retrying = <T>(action: () => Promise<T>, progress?: () => number) => Promise<T>;

const ATTEMPTS = 5;

export function retryingWith(pauseMs: number): Retrying {
  return async (action, progress = () => 0) => {
    let reached = progress();
    for (let failures = 1; ; failures++) {
      try {
        return await action();
      } catch (error) {
        // A large file over a bad line may take many connections; only those in a row that brought nothing are counted.
        if (progress() > reached) failures = 1;
        reached = Math.max(reached, progress());
        if (!(error instanceof TransientError) || failures === ATTEMPTS) throw error;
        await sleep(pauseMs * 2 ** (failures - 1));
      }
    }
  };
}

interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: 'GET' | 'HEAD';
}

/** An answer with a body to read, or a 416. Throws an `InputError` for what the user can mend, else a `TransientError`. */
export async function request(
  { token, reference, stallMs, explain }: Server,
  url: string,
  { headers = {}, method = 'GET' }: RequestOptions = {},
): Promise<Response> {
  const timeout = new AbortController();
  const timer = setTimeout(() => {
    timeout.abort(new Error(`no answer for ${stallMs / 1000} s`));
  }, stallMs);
  // Redirects to another host lose the token: that is fetch's own rule.
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      // A compressed body could be neither resumed nor compared in length.
      headers: { 'accept-encoding': 'identity', ...headers, ...authorization },
      signal: timeout.signal,
    });
  } catch (error) {
    throw new TransientError(reasonOf(error));
  } finally {
    clearTimeout(timer);
  }
  if (response.ok || response.status === 416) return response;
  await response.body?.cancel();
  const { status } = response;
  const explained = explain(status);
  if (explained !== undefined) throw new InputError(explained, { file: reference });
  const answered = `${new URL(url).origin} answered ${status}`;
  if (status >= 500 || status === 408 || status === 429) throw new TransientError(answered);
  throw new InputError(answered, { file: reference });
}

/** The body of an answer, piece by piece. Throws a `TransientError` when the connection is cut or stalls. */
export async function* chunksOf(
  { stallMs, reference }: Server,
  response: Response,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  const body = response.body as ReadableStream<Uint8Array> | null;
  const reader = body?.getReader();
  if (reader === undefined) return;
  let received = 0;
  try {
    while (true) {
      const { done, value } = await orStalled(reader.read(), stallMs);
      if (done) return;
      received += value.length;
      if (received > maxBytes) {
        throw new InputError(`${response.url} sends more than the ${maxBytes} bytes it announced`, { file: reference });
      }
      yield value;
    }
  } catch (error) {
    throw error instanceof InputError ? error : new TransientError(reasonOf(error));
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function orStalled<T>(work: Promise<T>, stallMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const stalled = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`nothing received for ${stallMs / 1000} s`));
    }, stallMs);
  });
  try {
    return await Promise.race([work, stalled]);
  } finally {
    clearTimeout(timer);
  }
}

/** `fetch` hides the cause: "fetch failed". */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return messageOf(cause) || 'connection failed';
}
