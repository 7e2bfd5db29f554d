/**
 * A stand-in for the `vscode` module, as far as the host's classes use it: no editor, but events that fire, questions that are answered
 * as the test says, and a record of what was shown. Use it by `vi.mock('vscode', async () => (await import('…/fake-vscode.ts')).module)`.
 */
import { EventEmitter as NodeEvents } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

class Uri {
  readonly scheme = 'file';
  readonly fsPath: string;

  constructor(fsPath: string) {
    this.fsPath = fsPath;
  }

  static file(path: string): Uri {
    return new Uri(path);
  }

  static joinPath({ fsPath }: Uri, ...parts: string[]): Uri {
    return new Uri(join(fsPath, ...parts));
  }

  toString(): string {
    return pathToFileURL(this.fsPath).href;
  }
}

class EventEmitter<T> {
  readonly #events = new NodeEvents();

  readonly event = (listener: (value: T) => void): { dispose(): void } => {
    this.#events.on('event', listener);
    return { dispose: () => this.#events.off('event', listener) };
  };

  fire(value: T): void {
    this.#events.emit('event', value);
  }

  dispose(): void {
    this.#events.removeAllListeners();
  }
}

/** What the editor showed, and what the user will answer: a test reads the one and sets the other. */
export const shown = {
  messages: [] as string[],
  executed: [] as [id: string, ...args: unknown[]][],
  /** The label of the button that the next messages are answered with, or of several. */
  answer: undefined as string | readonly string[] | undefined,
  /** What the next lists are answered with; undefined dismisses them. */
  pick: undefined as ((items: readonly { picked?: boolean; label: string }[]) => unknown) | undefined,
  /** Whether the system has a trash. */
  hasTrash: true,
  clipboard: '',
  /** What the next input box is answered with. */
  input: undefined as string | undefined,
  statusBar: { text: '', visible: false, command: undefined as unknown },
  settings: {} as Record<string, unknown>,
};

/** A place in a text by its lines, as far as edits name it. */
class Position {
  readonly line: number;
  readonly character: number;

  constructor(line: number, character: number) {
    this.line = line;
    this.character = character;
  }
}

class Range {
  readonly start: Position;
  readonly end: Position;

  constructor(start: Position, end: Position) {
    this.start = start;
    this.end = end;
  }
}

/** Records what is to be done to one document. */
class WorkspaceEdit {
  readonly edits: { range: Range; text: string }[] = [];

  replace(_: Uri, range: Range, text: string): void {
    this.edits.push({ range, text });
  }

  insert(_: Uri, at: Position, text: string): void {
    this.replace(_, new Range(at, at), text);
  }
}

const textChanged = new EventEmitter<{ document: unknown; contentChanges: readonly unknown[] }>();
const trusted = new EventEmitter<undefined>();
const opened: FakeDocument[] = [];

interface FakeDocument {
  readonly uri: Uri;
  text: string;
  writable: boolean;
  getText(): string;
  positionAt(offset: number): Position;
  apply(edit: { range: Range; text: string }): void;
}

/** An open text file of `path`; edits of the workspace change it, and `writable` says whether they may. */
export function fakeDocument(path: string, text: string): FakeDocument {
  const offsetAt = ({ line, character }: Position): number =>
    document.text
      .split('\n')
      .slice(0, line)
      .reduce((sum, { length }) => sum + length + 1, character);
  const document: FakeDocument = {
    uri: Uri.file(path),
    text,
    writable: true,
    getText: () => document.text,
    positionAt: (offset: number) => {
      const before = document.text.slice(0, offset).split('\n');
      return new Position(before.length - 1, before.at(-1)!.length);
    },
    apply: ({ range, text: inserted }: { range: Range; text: string }) => {
      document.text =
        document.text.slice(0, offsetAt(range.start)) + inserted + document.text.slice(offsetAt(range.end));
      textChanged.fire({ document, contentChanges: [inserted] });
    },
  };
  opened.push(document);
  return document;
}

export const workspace = {
  onDidChangeTextDocument: textChanged.event,
  /** To the document that was opened last. */
  applyEdit: ({ edits }: WorkspaceEdit): Promise<boolean> => {
    const document = opened.at(-1)!;
    if (document.writable) for (const edit of edits) document.apply(edit);
    return Promise.resolve(document.writable);
  },
  fs: {
    delete: async ({ fsPath }: Uri, { useTrash }: { useTrash: boolean }) => {
      if (useTrash && !shown.hasTrash) throw new Error('no trash here');
      await rm(fsPath, { recursive: true });
    },
  },
  workspaceFolders: [] as { uri: Uri; name: string }[],
  isTrusted: true,
  getConfiguration: (section: string) => ({
    get: (key: string, otherwise: unknown) => shown.settings[`${section}.${key}`] ?? otherwise,
  }),
  createFileSystemWatcher: () => ({
    onDidCreate: new EventEmitter().event,
    onDidChange: new EventEmitter().event,
    onDidDelete: new EventEmitter().event,
    dispose: () => undefined,
  }),
  getWorkspaceFolder: () => workspace.workspaceFolders[0],
  onDidChangeWorkspaceFolders: new EventEmitter().event,
  onDidGrantWorkspaceTrust: trusted.event,
};

export function grantTrust(): void {
  workspace.isTrusted = true;
  trusted.fire(undefined);
}

const message = (text: string, ...rest: unknown[]): Promise<unknown> => {
  shown.messages.push(text);
  const items = rest.filter((item) => typeof item === 'string' || (typeof item === 'object' && 'title' in item!));
  const labelOf = (item: unknown): string => (typeof item === 'string' ? item : (item as { title: string }).title);
  return Promise.resolve(items.find((item) => [shown.answer].flat().includes(labelOf(item))));
};

const nothing = (): undefined => undefined;

/** A webview without a page: `say` is what its script would post, `posted` what the host did. */
export function fakePanel(): {
  panel: unknown;
  posted: Record<string, unknown>[];
  say: (message: unknown) => void;
  close: () => void;
} {
  const posted: Record<string, unknown>[] = [];
  const received = new EventEmitter<unknown>();
  const disposed = new EventEmitter<undefined>();
  const panel = {
    title: '',
    visible: true,
    webview: {
      options: {},
      html: '',
      cspSource: 'vscode-webview:',
      asWebviewUri: (uri: Uri) => uri,
      onDidReceiveMessage: received.event,
      postMessage: (each: Record<string, unknown>) => {
        posted.push(structuredClone(each));
        return Promise.resolve(true);
      },
    },
    onDidDispose: disposed.event,
    onDidChangeViewState: new EventEmitter().event,
  };
  return {
    panel,
    posted,
    say: (each) => {
      received.fire(each);
    },
    close: () => {
      disposed.fire(undefined);
    },
  };
}

class TreeItem {
  readonly label: string;

  constructor(label: string) {
    this.label = label;
  }
}

class MarkdownString {
  value = '';

  appendText(text: string): void {
    this.value += text;
  }

  appendMarkdown(text: string): void {
    this.value += text;
  }
}

class Named {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }
}

class RelativePattern {
  readonly base: Uri;
  readonly pattern: string;

  constructor(base: Uri, pattern: string) {
    this.base = base;
    this.pattern = pattern;
  }
}

export const module = {
  RelativePattern,
  Uri,
  EventEmitter,
  Position,
  Range,
  WorkspaceEdit,
  TreeItem,
  TreeItemCollapsibleState: { None: 0 },
  ThemeIcon: Named,
  ThemeColor: Named,
  MarkdownString,
  TabInputCustom: Named,
  StatusBarAlignment: { Left: 1 },
  ViewColumn: { Active: -1, Beside: -2 },
  l10n: {
    bundle: undefined,
    t: (text: string, ...args: unknown[]) =>
      text.replace(/\{(\d)\}/g, (_, index: string) => String(args[Number(index)])),
  },
  env: {
    language: 'en',
    clipboard: {
      writeText: (text: string) => {
        shown.clipboard = text;
        return Promise.resolve();
      },
    },
  },
  workspace,
  window: {
    onDidChangeWindowState: new EventEmitter().event,
    tabGroups: { activeTabGroup: {} },
    createStatusBarItem: () => ({
      set text(text: string) {
        shown.statusBar.text = text;
      },
      get text() {
        return shown.statusBar.text;
      },
      set command(command: unknown) {
        shown.statusBar.command = command;
      },
      show: () => (shown.statusBar.visible = true),
      hide: () => (shown.statusBar.visible = false),
      dispose: nothing,
    }),
    showInformationMessage: message,
    showWarningMessage: message,
    showErrorMessage: message,
    showInputBox: () => Promise.resolve(shown.input),
    showQuickPick: (items: readonly { label: string }[]) => Promise.resolve(shown.pick?.(items)),
    showSaveDialog: () => Promise.resolve(shown.input === undefined ? undefined : Uri.file(shown.input)),
  },
  commands: {
    executeCommand: (id: string, ...args: unknown[]) => {
      shown.executed.push([id, ...args]);
      return Promise.resolve();
    },
    registerCommand: () => ({ dispose: nothing }),
  },
};

const log = { info: nothing, debug: nothing, warn: nothing, error: nothing };

/** What features are made with: real trainers from `dist`, on the Node of the tests. */
export function fakeServices(dist: string): unknown {
  return {
    context: { extensionUri: Uri.file(join(dist, '..')), extension: { packageJSON: { version: '0.0.0' } } },
    log,
    runtime: { paths: () => Promise.resolve({ node: process.execPath, dist }), usedBy: () => Promise.resolve() },
    tasks: {},
  };
}
