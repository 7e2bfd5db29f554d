/** *Filter…*: what the view "Runs" shows of them, and what it says about that. Kept as long as the window. */
import * as vscode from 'vscode';
import { isFiltering, matchesFilter, NO_FILTER, RUN_STATUSES, type RunFilter } from '../../shared/run/run-filter.ts';
import type { RunStatus } from '../../shared/run/status.ts';
import { CONTEXT } from '../contributions.ts';
import type { Catalogue, Listed } from './catalogue.ts';
import { statusWord } from './words.ts';

/** The parts of the view that tell of the filter. */
export interface FilteredView {
  description?: string | undefined;
  message?: string | undefined;
}

export class RunsFilter {
  readonly #catalogue: Catalogue;
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly onDidChange = this.#changed.event;
  #filter: RunFilter = NO_FILTER;

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  /** The newest first. A folder that cannot be read is in no state: it is shown while nothing is filtered. */
  list(): readonly Listed[] {
    const all = this.#catalogue.list();
    if (!isFiltering(this.#filter)) return all;
    return all.filter(({ found }) => 'state' in found && matchesFilter(this.#filter, found.state));
  }

  /** Two questions; a dismissed one leaves everything as it was. */
  async ask(): Promise<void> {
    await this.#catalogue.refresh();
    const statuses = await this.#askStatuses();
    if (statuses === undefined) return;
    const text = await vscode.window.showInputBox({
      title: vscode.l10n.t('Filter runs by text'),
      prompt: vscode.l10n.t('Words of name, dataset, base or method, or a rank such as r8; empty for all'),
      value: this.#filter.text,
    });
    if (text !== undefined) this.#set({ statuses, text: text.trim() });
  }

  clear(): void {
    this.#set(NO_FILTER);
  }

  tell(view: FilteredView): void {
    const { statuses, text } = this.#filter;
    const filtering = isFiltering(this.#filter);
    const words = [statuses.map(statusWord).join(', '), text === '' ? '' : `“${text}”`];
    view.description = filtering ? words.filter((word) => word !== '').join(' · ') : undefined;
    view.message = filtering
      ? vscode.l10n.t('Filtered: {0} of {1} runs', this.list().length, this.#catalogue.list().length)
      : undefined;
  }

  dispose(): void {
    this.#changed.dispose();
  }

  async #askStatuses(): Promise<readonly RunStatus[] | undefined> {
    const found = this.#catalogue.list().flatMap(({ found: each }) => ('state' in each ? [each.state.status] : []));
    const { statuses } = this.#filter;
    const picks = RUN_STATUSES.map((status) => ({
      label: statusWord(status),
      description: String(found.filter((other) => other === status).length),
      picked: statuses.length === 0 || statuses.includes(status),
      status,
    }));
    const picked = await vscode.window.showQuickPick(picks, {
      title: vscode.l10n.t('Filter runs by state'),
      canPickMany: true,
    });
    if (picked === undefined) return undefined;
    return picked.length === picks.length ? [] : picked.map(({ status }) => status);
  }

  #set(filter: RunFilter): void {
    this.#filter = filter;
    void vscode.commands.executeCommand('setContext', CONTEXT.runsFiltered, isFiltering(filter));
    this.#changed.fire(undefined);
  }
}
