/** What a detector takes for what: how often each pair occurs, as a table while there is room for one, and the commonest in words. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { formatInteger } from '../../src/shared/format.ts';
import type { DetectionQuality } from '../../src/shared/run/samples.ts';
import { Card } from '../ui/card.tsx';
import { t } from '../ui/l10n.ts';

/** Wider tables nobody reads; of them the commonest mistakes are told. */
const MAX_TABLE = 24;
const MAX_MISTAKES = 6;

interface ConfusionProps {
  readonly confusion: DetectionQuality['confusion'];
  readonly classes: readonly string[];
}

export function Confusion({ confusion, classes }: ConfusionProps): VNode | null {
  if (confusion.length === 0) return null;
  const mistakes = confusion
    .filter(([found, there]) => found !== there)
    .sort(([, , a], [, , b]) => b - a)
    .slice(0, MAX_MISTAKES);
  const right = confusion.filter(([found, there]) => found === there).reduce((sum, [, , count]) => sum + count, 0);
  return (
    <Card title={t('What is taken for what')}>
      <p class="muted">
        {t(
          'Boxes surer than 25 %, matched at an overlap of 0.45, whatever their class. {0} are right.',
          formatInteger(right),
        )}
      </p>
      {mistakes.length > 0 && (
        <ul class="mistakes">
          {mistakes.map(([found, there, count]) => (
            <li key={`${found} ${there}`}>
              <span class="figure">{formatInteger(count)} ×</span> {mistakeText(classes, found, there)}
            </li>
          ))}
        </ul>
      )}
      {classes.length <= MAX_TABLE && <Matrix confusion={confusion} classes={classes} />}
    </Card>
  );
}

/** The number after the last class is the background. */
function mistakeText(classes: readonly string[], found: number, there: number): string {
  if (found === classes.length) return t('{0} missed', classes[there] ?? String(there));
  if (there === classes.length) return t('{0} found where nothing is labelled', classes[found] ?? String(found));
  return t('{0} taken for {1}', classes[there] ?? String(there), classes[found] ?? String(found));
}

interface Place {
  readonly row: number;
  readonly column: number;
}

function Matrix({ confusion, classes }: ConfusionProps): VNode {
  const [at, setAt] = useState<Place | null>(null);
  const rows = [...classes.keys(), classes.length];
  const counts = new Map(confusion.map(([found, there, count]) => [`${found} ${there}`, count]));
  const totals = rows.map((there) => rows.reduce((sum, found) => sum + (counts.get(`${found} ${there}`) ?? 0), 0));
  const nothing = t('nothing');
  const marked = (row: number, column: number): string => (at?.row === row || at?.column === column ? ' marked' : '');
  return (
    <div class="numbers confusion" tabIndex={0} role="region" aria-label={t('Table of found and labelled')}>
      <table
        onMouseLeave={() => {
          setAt(null);
        }}
      >
        <caption class="help">
          {t('Rows: what was found. Columns: what is labelled. Shade: share of the column.')}
        </caption>
        <thead>
          <tr>
            <td />
            {rows.map((there) => (
              <th key={there} scope="col" class={`confusion-head${marked(-1, there)}`}>
                <span>{classes[there] ?? nothing}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((found) => (
            <tr key={found}>
              <th scope="row" class={marked(found, -1)}>
                {classes[found] ?? nothing}
              </th>
              {rows.map((there) => {
                const count = counts.get(`${found} ${there}`) ?? 0;
                const share = totals[there] === 0 ? 0 : count / totals[there]!;
                return (
                  <td
                    key={there}
                    class={`numeric${found === there ? ' confusion-right' : ''}`}
                    style={{ '--share': `${Math.round(100 * share)}%` }}
                    title={count === 0 ? '' : `${formatInteger(count)}: ${cellText(classes, found, there)}`}
                    onMouseEnter={() => {
                      setAt({ row: found, column: there });
                    }}
                  >
                    {count === 0 ? '' : formatInteger(count)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function cellText(classes: readonly string[], found: number, there: number): string {
  return found === there ? t('{0} recognised', classes[found] ?? '') : mistakeText(classes, found, there);
}
