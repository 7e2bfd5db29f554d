/** Lines of code that run what was exported, one language at a time, to copy. */
import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import type { Snippet } from '../../src/shared/export-report.ts';
import { t } from '../ui/l10n.ts';
import { Button } from '../ui/toolkit.ts';
import { language, post } from './store.ts';

const NAMES: Readonly<Record<Snippet['language'], string>> = { python: 'Python', javascript: 'JavaScript' };

export function Snippets({ snippets }: { readonly snippets: readonly Snippet[] }): VNode | null {
  const copied = useSignal(false);
  const shown = snippets.find((snippet) => snippet.language === language.value) ?? snippets[0];
  if (shown === undefined) return null;
  return (
    <div class="stack snippets">
      <div class="row spread">
        <div class="row" role="group" aria-label={t('Language of the example')}>
          {snippets.map((snippet) => (
            <button
              key={snippet.language}
              type="button"
              class="choice"
              aria-pressed={snippet === shown}
              onClick={() => {
                language.value = snippet.language;
                copied.value = false;
              }}
            >
              {NAMES[snippet.language]}
            </button>
          ))}
        </div>
        <Button
          onClick={() => {
            post({ type: 'copy', text: shown.code });
            copied.value = true;
          }}
        >
          {copied.value ? t('Copied') : t('Copy')}
        </Button>
      </div>
      <p class="help">
        {t('Runs the export; needs:')} <code>{shown.install}</code>
      </p>
      <pre class="code" tabIndex={0} aria-label={t('Example in {0}', NAMES[shown.language])}>
        <code>{shown.code}</code>
      </pre>
    </div>
  );
}
