/** The figures of a run, in places that do not move while their numbers do. */
import type { VNode } from 'preact';
import { formatBytes, formatCount, formatDuration, formatShare } from '../../src/shared/format.ts';
import type { RunHead } from '../../src/shared/protocol/run.ts';
import type { RunReport } from '../../src/shared/run/report.ts';
import { isLively } from '../../src/shared/run/status.ts';
import { t } from '../ui/l10n.ts';
import { metricTitles } from './metric-titles.ts';
import { lossText, orDash, rateText } from './numbers.ts';

interface FiguresProps {
  readonly head: RunHead;
  readonly report: RunReport | null;
}

export function Figures({ head, report }: FiguresProps): VNode {
  const lively = isLively(head.status);
  const memory = lively ? head.memoryBytes : (report?.peakMemoryBytes ?? null);
  const time = lively ? head.remaining : (report?.seconds ?? null);
  const titles = metricTitles(head.metric.name);
  const figures: [string, string][] = [
    [t('Loss'), orDash(head.loss, lossText)],
    [titles.last, orDash(head.metric.last, formatShare)],
    [titles.best, orDash(head.metric.best, formatShare)],
    ...detectionFigures(head.detection),
    [t('Learning rate'), orDash(head.learningRate, rateText)],
    [
      t('Images/s'),
      orDash(lively ? head.imagesPerSecond : (report?.imagesPerSecond ?? head.imagesPerSecond), formatCount),
    ],
    [lively ? t('Memory') : t('Peak memory'), orDash(memory, formatBytes)],
    ...(head.deviceMemoryBytes === null ? [] : [deviceFigure(head.deviceMemoryBytes)]),
    [lively ? t('Time left') : t('Time'), orDash(time, formatDuration)],
  ];
  return (
    <dl class="figures">
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt class="muted">{name}</dt>
          <dd class="figure">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function deviceFigure(bytes: number): [string, string] {
  return [t('GPU memory'), formatBytes(bytes)];
}

function detectionFigures(score: RunHead['detection']): [string, string][] {
  if (score === null) return [];
  return [
    ['mAP50', formatShare(score.map50)],
    [t('Precision'), formatShare(score.precision)],
    [t('Recall'), formatShare(score.recall)],
  ];
}
