/** The curves that only a detector has: what its loss consists of, its precision and recall, and how they depend on the confidence. */
import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import type { DetectionQuality } from '../../src/shared/run/samples.ts';
import type { RunSeries } from '../../src/shared/run/series.ts';
import { Card } from '../ui/card.tsx';
import { t } from '../ui/l10n.ts';
import { Chart } from './chart.tsx';
import { smoothed, type Axis, type Curve } from './curve.ts';
import { axisText, percent } from './numbers.ts';

/** mAP at both measures of overlap in one chart, precision and recall in another. */
export function DetectionCharts({ series: { evaluations, detection } }: { readonly series: RunSeries }): VNode {
  const { step, metric } = evaluations.validation;
  const curves = useMemo(
    () => ({
      precision: [
        { label: 'mAP50-95', step, value: metric, color: 1, points: true },
        { label: 'mAP50', step: detection.step, value: detection.map50, color: 0, points: true },
      ],
      both: [
        { label: t('Precision'), step: detection.step, value: detection.precision, color: 2, points: true },
        { label: t('Recall'), step: detection.step, value: detection.recall, color: 3, points: true },
      ],
    }),
    [evaluations.validation, detection],
  );
  return (
    <>
      <Chart title={t('Mean average precision')} curves={curves.precision} format={percent} share />
      <Chart title={t('Precision and recall')} curves={curves.both} format={percent} share />
    </>
  );
}

interface LossPartsProps {
  readonly parts: RunSeries['parts'];
  readonly smoothing: number;
}

/** Each with its gain: they sum up to the loss. */
export function LossParts({ parts: { train, validation }, smoothing }: LossPartsProps): VNode | null {
  const of = (name: 'box' | 'cls' | 'dfl'): Curve[] => [
    ...smoothed(t('Training'), train.step, train[name], smoothing, 0),
    { label: t('Validation'), step: validation.step, value: validation[name], color: 1, points: true },
  ];
  const curves = useMemo(() => ({ box: of('box'), cls: of('cls'), dfl: of('dfl') }), [train, validation, smoothing]);
  return (
    <div class="charts">
      <Chart title={t('Box loss')} curves={curves.box} format={axisText} />
      <Chart title={t('Class loss')} curves={curves.cls} format={axisText} />
      <Chart title={t('Distance loss (dfl)')} curves={curves.dfl} format={axisText} />
    </div>
  );
}

/** Classes with a curve of their own, the lowest first: more lines nobody tells apart. */
const MAX_CLASSES = 6;
const PLACES = Array.from({ length: 101 }, (_, i) => i / 100);

/** At IoU 0.5, of the evaluation whose images are shown. */
export function QualityCurves({ quality }: { readonly quality: DetectionQuality }): VNode {
  const curves = useMemo(() => ({ recall: overRecall(quality), confidence: overConfidence(quality) }), [quality]);
  const recall: Axis = { title: t('Recall'), format: percent, share: true };
  const confidence: Axis = { title: t('Confidence'), format: percent, share: true };
  return (
    <Card title={t('Precision, recall and confidence')}>
      <p class="muted">
        {t('At an overlap of 0.5. F1 is best at a confidence of {0}.', percent(quality.bestConfidence))}
      </p>
      <div class="charts">
        <Chart title={t('Precision over recall')} curves={curves.recall} format={percent} axis={recall} share />
        <Chart title={t('Over the confidence')} curves={curves.confidence} format={percent} axis={confidence} share />
      </div>
    </Card>
  );
}

function overRecall({ precisionAtRecall, classes }: DetectionQuality): Curve[] {
  return [
    { label: t('all classes'), step: PLACES, value: precisionAtRecall, color: 0 },
    ...classes.slice(0, MAX_CLASSES).map(({ label, precisionAtRecall: value }, index): Curve => {
      return { label, step: PLACES, value, color: index + 1 };
    }),
  ];
}

function overConfidence({ byConfidence: { precision, recall } }: DetectionQuality): Curve[] {
  const f1 = precision.map((p, i) => harmonicMean(p, recall[i] ?? 0));
  return [
    { label: 'F1', step: PLACES, value: f1, color: 0 },
    { label: t('Precision'), step: PLACES, value: precision, color: 2 },
    { label: t('Recall'), step: PLACES, value: recall, color: 3 },
  ];
}

function harmonicMean(a: number, b: number): number {
  return a + b === 0 ? 0 : (2 * a * b) / (a + b);
}
