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

/** Makes a profile that has the extension; it lies in `extensions/` there. */
export function installExtension(options: { vsix: string; profile: string }): unknown;
