/** What the metric of a run is called. `mAP50-95` is a name, the same in every language. */
import type { MetricName } from '../../src/shared/run/metric.ts';
import { t } from '../ui/l10n.ts';

export function metricTitles(name: MetricName): Record<'last' | 'best' | 'validation' | 'classes', string> {
  if (name === 'accuracy') {
    return {
      last: t('Accuracy'),
      best: t('Best accuracy'),
      validation: t('Validation accuracy'),
      classes: t('Accuracy of each class, the lowest first'),
    };
  }
  return {
    last: name,
    best: t('Best {0}', name),
    validation: t('Validation {0}', name),
    classes: t('{0} of each class, the lowest first', name),
  };
}
