/** One run from top to bottom: where it stands and what can be done about it, its figures, its curves, what it gets wrong, its log. */
import type { VNode } from 'preact';
import type { RunViewState } from '../../src/shared/protocol/run.ts';
import { t } from '../ui/l10n.ts';
import { Notice } from '../ui/notice.tsx';
import { ClassTable } from './class-table.tsx';
import { Confusion } from './confusion.tsx';
import { Curves } from './curves.tsx';
import { QualityCurves } from './detection-curves.tsx';
import { Detections } from './detections.tsx';
import { EndCard } from './end-card.tsx';
import { Figures } from './figures.tsx';
import { Head } from './head.tsx';
import { Log } from './log.tsx';
import { Notices } from './notices.tsx';
import { Classes, Samples } from './samples.tsx';

export function RunView({ trusted, head, details, series, detections }: RunViewState & { kind: 'run' }): VNode {
  return (
    <>
      {!trusted && (
        <Notice kind="info">
          {t('This workspace is not trusted: runs are shown, and nothing is started or loaded.')}
        </Notice>
      )}
      <Head head={head} details={details} trusted={trusted} />
      <Notices head={head} trusted={trusted} />
      {details.report !== null && head.status !== 'running' && head.status !== 'paused' && (
        <EndCard report={details.report} head={head} trusted={trusted} />
      )}
      <Figures head={head} report={details.report} />
      <Curves series={series} metric={head.metric.name} table={details.table} />
      {head.metric.name === 'accuracy' ? (
        <>
          <Samples details={details} />
          <Classes classes={details.classes} />
        </>
      ) : (
        <>
          <Detections detections={detections} data={details.data} />
          <ClassTable classes={details.classes} />
          {detections?.quality && (
            <>
              <QualityCurves quality={detections.quality} />
              <Confusion confusion={detections.quality.confusion} classes={detections.classes} />
            </>
          )}
        </>
      )}
      <Log events={details.events} lines={details.log} />
    </>
  );
}
