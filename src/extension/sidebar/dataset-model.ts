/**
 * What is known of the chosen folder. A survey tells by names alone within a second; then pictures are drawn and every image is opened,
 * while the form can already be used.
 */
import * as vscode from 'vscode';
import type { DatasetReport, Finding } from '../../shared/dataset-report.ts';
import { messageOf } from '../../shared/errors.ts';
import type { ClassThumbnails } from '../../shared/protocol/results.ts';
import type { CheckState, DatasetState } from '../../shared/protocol/sidebar.ts';
import type { Host } from '../host.ts';

/** Progress is told this often, in milliseconds, and no more bad files than a person reads. */
const TELL_EVERY = 100;
const MAX_BAD = 50;

const PICTURES = { perClass: 3, side: 96 } as const;
const SCENES = { count: 6, side: 320 } as const;

type Known = Extract<DatasetState, { status: 'dataset' }>;

export class DatasetModel {
  readonly #host: Host;
  readonly #changed = new vscode.EventEmitter<'all' | 'progress'>();
  readonly onDidChange = this.#changed.event;
  #state: DatasetState = { status: 'none' };
  #running = new AbortController();
  #told = 0;

  constructor(host: Host) {
    this.#host = host;
  }

  /** The path that was last looked at; undefined before. */
  asked: string | undefined;

  get state(): DatasetState {
    return this.#state;
  }

  /** What it is labelled for; null while that is not known. */
  get task(): DatasetReport['task'] {
    return this.#state.status === 'dataset' ? this.#state.report.task : null;
  }

  /** Why its images forbid a start; null where nothing does so far. */
  get obstacle(): string | null {
    const { l10n } = vscode;
    const state = this.#state;
    switch (state.status) {
      case 'none':
        return l10n.t('Choose a dataset.');
      case 'surveying':
        return l10n.t('The dataset is being looked at.');
      case 'dataset':
        return state.report.fatal[0]?.message ?? null;
      case 'part':
        return l10n.t('This folder is a part of a dataset; use its parent.');
      case 'no-dataset':
      case 'failed':
        return state.message;
      default:
        return state satisfies never;
    }
  }

  /** Returns when the survey is done; the rest goes on. */
  async look(path: string): Promise<void> {
    this.#running.abort();
    const running = new AbortController();
    this.#running = running;
    const { signal } = running;
    this.asked = path;
    if (!vscode.workspace.isTrusted) {
      this.#set({ status: 'none' });
      return;
    }
    this.#set({ status: 'surveying', path });
    try {
      const survey = await this.#host.tasks.run({ task: 'survey', path }, { signal });
      if (signal.aborted) return;
      if (survey.kind === 'part')
        this.#set({ status: 'part', path, whole: survey.whole, classes: survey.report.classes.length });
      else if (survey.kind === 'none')
        this.#set({ status: 'no-dataset', path, message: survey.message, lookedFor: survey.lookedFor });
      else {
        const check: CheckState = { status: 'running', done: 0, total: null, bad: [] };
        const { path: root, report } = survey;
        this.#set({ status: 'dataset', path: root, report, check, thumbnails: [], scenes: [] });
        void this.#draw(root, report.task, signal).then(() => this.#check(root, signal));
      }
    } catch (error) {
      if (!signal.aborted) this.#set({ status: 'failed', path, message: messageOf(error) });
    }
  }

  dispose(): void {
    this.#running.abort();
    this.#changed.dispose();
  }

  async #draw(path: string, task: DatasetReport['task'], signal: AbortSignal): Promise<void> {
    const add = (drawn: ClassThumbnails): void => {
      this.#know(signal, ({ thumbnails }) => ({ thumbnails: [...thumbnails, drawn] }), 'progress');
    };
    try {
      if (task === 'detection') {
        const { scenes } = await this.#host.tasks.run({ task: 'scenes', path, ...SCENES }, { signal });
        this.#know(signal, () => ({ scenes }), 'all');
      }
      const { classes } = await this.#host.tasks.run(
        { task: 'thumbnails', path, ...PICTURES },
        { signal, onPart: add },
      );
      this.#know(signal, () => ({ thumbnails: classes }), 'all');
    } catch (error) {
      // Pictures are a help, no more; what is wrong with the images the check tells.
      if (!signal.aborted) this.#host.log.warn(`thumbnails: ${messageOf(error)}`);
    }
  }

  async #check(path: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const bad: Finding[] = [];
    let progress: { done: number; total: number | null } = { done: 0, total: null };
    const tell = (): void => {
      if (Date.now() - this.#told < TELL_EVERY) return;
      this.#told = Date.now();
      this.#know(signal, () => ({ check: { status: 'running', ...progress, bad: [...bad] } }), 'progress');
    };
    try {
      const report = await this.#host.tasks.run(
        { task: 'check', path },
        {
          signal,
          onProgress: (done, total) => {
            progress = { done, total };
            tell();
          },
          onPart: (finding) => {
            if (bad.length < MAX_BAD) bad.push(finding);
            tell();
          },
        },
      );
      this.#know(signal, () => ({ report, check: { status: 'done' } }), 'all');
    } catch (error) {
      this.#know(signal, () => ({ check: { status: 'failed', message: messageOf(error) } }), 'all');
    }
  }

  #know(signal: AbortSignal, more: (known: Known) => Partial<Known>, what: 'all' | 'progress'): void {
    if (signal.aborted || this.#state.status !== 'dataset') return;
    this.#set({ ...this.#state, ...more(this.#state) }, what);
  }

  #set(state: DatasetState, what: 'all' | 'progress' = 'all'): void {
    this.#state = state;
    this.#changed.fire(what);
  }
}
