export interface Server {
  readonly url: string;
  /** The folder of everything that the editor writes. */
  readonly profile: string;
  readonly ended: Promise<unknown>;
  stop(): Promise<void>;
}

export function startServer(options: {
  vsix: string;
  profile: string;
  settings?: Readonly<Record<string, unknown>>;
  port?: number;
  log?: string;
}): Promise<Server>;

export function writeSettings(profile: string, settings: Readonly<Record<string, unknown>>): void;
