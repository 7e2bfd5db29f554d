/** A hub as a server: where it is and what its refusals mean. */
import type { Server } from '../../fetch/request.ts';

export interface HubServer extends Server {
  /** Without a slash at the end. */
  readonly endpoint: string;
}

/** What a hub's refusal means to the user; undefined where it says no more than its number. */
export function refusalOf(status: number, endpoint: string): string | undefined {
  switch (status) {
    case 401:
    case 403:
      return 'does not exist, is private, or its terms were not accepted; check the name, and set HF_TOKEN to a token that may read it';
    case 404:
      return `no such model or revision at ${endpoint}`;
    default:
      return undefined;
  }
}
