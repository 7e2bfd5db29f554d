/**
 * The Node and the bundles that trainers and tasks run on. Not Electron's: its sandbox forbids the engines' buffers, and a running one
 * blocks updates of the editor. A packaged extension brings its own Node; everything is copied out of the extension's folder, which an
 * update deletes under a trainer that still runs.
 */
import { existsSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { writeDirectoryAtomic } from '../../formats/atomic-write.ts';
import { InputError, messageOf } from '../../shared/errors.ts';
import { collectVersions, recordUse } from './versions.ts';

export interface RuntimePaths {
  /** The Node that runs them. */
  readonly node: string;
  /** The folder of the bundles: `trainer.js`, `tasks.js`. */
  readonly dist: string;
}

/** What a trainer needs of the extension's folder. */
const STAGED = ['package.json', 'dist', 'runtime', 'node_modules', 'assets'] as const;
/** Of `dist`: the host's own bundles and the views stay. */
const NOT_STAGED = /[\\/]dist[\\/](webview|vsix|tools|extension\.cjs|host\.cjs)/;

const NODE = process.platform === 'win32' ? 'node.exe' : 'node';

export class Runtime {
  readonly #context: vscode.ExtensionContext;
  readonly #log: vscode.LogOutputChannel;
  #paths: Promise<RuntimePaths> | undefined;

  constructor(context: vscode.ExtensionContext, log: vscode.LogOutputChannel) {
    this.#context = context;
    this.#log = log;
  }

  /** Throws an `InputError` where no Node is to be had or the files cannot be copied; asked again, it tries again. */
  paths(): Promise<RuntimePaths> {
    this.#paths ??= this.#locate().catch((error: unknown) => {
      this.#paths = undefined;
      throw error;
    });
    return this.#paths;
  }

  /** A process that goes on after this window runs on these files: they are kept as long as it lives. */
  async usedBy(pid: number): Promise<void> {
    const { dist } = await this.paths();
    const root = dirname(dist);
    if (root === this.#context.extensionPath) return;
    await recordUse(root, pid).catch((error: unknown) => {
      this.#log.warn(`the use of ${root} cannot be recorded: ${messageOf(error)}`);
    });
  }

  async #locate(): Promise<RuntimePaths> {
    const { extensionPath } = this.#context;
    const chosen = vscode.workspace.getConfiguration('lowrank').get<string>('runtime.node', '');
    const packed = existsSync(join(extensionPath, 'runtime', NODE));
    const root = packed ? await this.#stage() : extensionPath;
    const own = packed ? join(root, 'runtime', NODE) : undefined;
    const node = chosen === '' ? (own ?? realNode()) : chosen;
    if (!existsSync(node))
      throw new InputError(vscode.l10n.t('there is no such program; correct the setting lowrank.runtime.node'), {
        file: node,
      });
    return { node, dist: join(root, 'dist') };
  }

  /** One folder a version: a trainer that an older version started keeps its own. */
  async #stage(): Promise<string> {
    const { extensionPath, globalStorageUri, extension } = this.#context;
    const { version } = extension.packageJSON as { version: string };
    const parent = join(globalStorageUri.fsPath, 'runtime');
    const target = join(parent, `${version}-${process.platform}-${process.arch}`);
    if (!existsSync(target)) {
      try {
        await writeDirectoryAtomic(target, async (temp) => {
          for (const name of STAGED) {
            await cp(join(extensionPath, name), join(temp, name), {
              recursive: true,
              filter: (path) => !NOT_STAGED.test(path.slice(extensionPath.length)),
            });
          }
        });
      } catch (error) {
        // Another window has staged it meanwhile, and a trainer may already run on it.
        if (!existsSync(target)) throw error;
      }
    }
    void collectVersions(parent, basename(target)).catch((error: unknown) => {
      this.#log.warn(`old versions in ${parent} cannot be deleted: ${messageOf(error)}`);
    });
    return target;
  }
}

/** Where the extension runs from its repository: the Node that runs the editor's server, unless that is Electron. */
function realNode(): string {
  if (process.versions['electron'] === undefined) return process.execPath;
  throw new InputError(
    vscode.l10n.t('this installation brings no Node of its own; name one in the setting lowrank.runtime.node'),
  );
}
