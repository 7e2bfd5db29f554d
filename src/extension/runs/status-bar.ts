/** The item of the status bar while a run is at work: how far it is and how long it will take. A click opens the run. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { formatCount, formatDuration, formatShare } from '../../shared/format.ts';
import { metricOf } from '../../shared/run/metric.ts';
import { isLively } from '../../shared/run/status.ts';
import type { Catalogue } from './catalogue.ts';
import type { Reading } from './run-reader.ts';
import { lossText, metricNameOf } from './words.ts';

export class StatusBar implements vscode.Disposable {
  readonly #item = vscode.window.createStatusBarItem('lowrank.run', vscode.StatusBarAlignment.Left, 50);
  readonly #catalogue: Catalogue;
  readonly #subscription: vscode.Disposable;

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
    this.#item.name = vscode.l10n.t('Lowrank Training');
    this.#subscription = catalogue.onDidChange(() => {
      this.#show();
    });
  }

  #show(): void {
    const runs = this.#catalogue
      .list()
      .flatMap(({ found }) => ('state' in found && isLively(found.state.status) ? [found] : []));
    const [first] = runs;
    if (first === undefined) {
      this.#item.hide();
      return;
    }
    this.#item.text = textOf(first, runs.length);
    this.#item.tooltip = tooltipOf(runs);
    this.#item.accessibilityInformation = { label: plain(this.#item.text) };
    this.#item.command = {
      command: 'lowrank.openRun',
      title: vscode.l10n.t('Open Run'),
      arguments: runs.length === 1 ? [first.state.folder] : [],
    };
    this.#item.backgroundColor =
      first.health === 'silent' ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
    this.#item.show();
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#item.dispose();
  }
}

function textOf({ state, health, remaining }: Reading, count: number): string {
  const icon = health === 'silent' ? '$(warning)' : state.status === 'paused' ? '$(debug-pause)' : '$(loading~spin)';
  const parts = [
    count === 1 ? vscode.l10n.t('LoRA') : vscode.l10n.t('LoRA: {0} runs', count),
    doneOf(state),
    state.status === 'paused' ? vscode.l10n.t('paused') : remaining === null ? null : formatDuration(remaining),
  ];
  return `${icon} ${parts.filter((part) => part !== null).join(' · ')}`;
}

function doneOf({ summary: { step, totalSteps, preparing } }: Reading['state']): string {
  if (totalSteps === null || preparing !== null) return vscode.l10n.t('preparing');
  return `${Math.floor((100 * step) / totalSteps)} %`;
}

function tooltipOf(runs: readonly Reading[]): vscode.MarkdownString {
  const tooltip = new vscode.MarkdownString();
  for (const { state, health, remaining } of runs) {
    const { identity, summary, status } = state;
    const name = metricNameOf(state);
    const { value } = metricOf(summary.evaluations.validation);
    const rate = summary.latest?.imagesPerSecond ?? null;
    const facts = [
      [vscode.l10n.t('Step'), `${summary.step} / ${summary.totalSteps ?? '?'}`],
      [vscode.l10n.t('Loss'), lossText(summary.latest?.loss ?? null)],
      [name === 'accuracy' ? vscode.l10n.t('Accuracy') : name, value === null ? '–' : formatShare(value)],
      [vscode.l10n.t('Images/s'), rate === null ? '–' : formatCount(rate)],
      [vscode.l10n.t('Time left'), remaining === null ? '–' : formatDuration(remaining)],
    ];
    const title = identity.name === '' ? basename(state.folder) : identity.name;
    tooltip.appendText(status === 'paused' ? vscode.l10n.t('{0} (paused)', title) : title);
    if (health === 'silent') tooltip.appendText(` – ${vscode.l10n.t('no sign of life')}`);
    tooltip.appendMarkdown(
      `\n\n| | |\n|---|---|\n${facts.map(([name, value]) => `| ${name!} | ${value!} |`).join('\n')}\n\n`,
    );
  }
  return tooltip;
}

/** Without icons, for a screen reader. */
function plain(text: string): string {
  return text.replace(/\$\([\w~-]+\)\s*/g, '');
}
