/** Methods side by side: the mean over their seeds of what each run reports. */
import { formatBytes, formatDuration, formatInteger, formatShare } from '../shared/format.ts';
import { metricOf, type MetricName } from '../shared/run/metric.ts';
import type { RunReport } from '../shared/run/report.ts';
import { table } from './table.ts';
import { paint, type Terminal } from './terminal.ts';

/** A report with what the run was made of. */
export interface Trial extends RunReport {
  readonly run: string;
  readonly seed: number;
  readonly learningRate: number;
}

type Method = RunReport['method'];

export interface Spread {
  readonly mean: number;
  /** Of the sample (n − 1); null for one value. */
  readonly deviation: number | null;
}

export interface MethodSummary {
  readonly method: Method;
  readonly runs: number;
  readonly learningRate: number;
  /** What `accuracy` and `untouched` are: of a detector its mean average precision. */
  readonly metric: MetricName;
  /** Of the validation images, at the best evaluation and before any training. */
  readonly accuracy: Spread | null;
  readonly untouched: Spread | null;
  readonly trainedParameters: number;
  /** Over the parameters of the base. */
  readonly trainedShare: number;
  /** What is saved. */
  readonly bytes: number;
  readonly seconds: Spread;
  readonly peakMemoryBytes: number | null;
}

export function summarise(reports: readonly Trial[], methods: readonly Method[]): MethodSummary[] {
  return methods.flatMap((method): MethodSummary[] => {
    const own = reports.filter((report) => report.method === method);
    const [first] = own;
    if (first === undefined) return [];
    const memory = own.map(({ peakMemoryBytes }) => peakMemoryBytes).filter((bytes) => bytes !== null);
    return [
      {
        method,
        runs: own.length,
        learningRate: first.learningRate,
        metric: metricOf(first.validation.last).name,
        accuracy: spreadOf(own.map(({ validation: { best, last } }) => metricOf(best ?? last).value)),
        untouched: spreadOf(own.map(({ validation }) => metricOf(validation.untouched).value)),
        trainedParameters: first.parameters.trainable,
        trainedShare: first.parameters.trainable / first.parameters.base,
        bytes: first.files.adapterBytes,
        seconds: spreadOf(own.map(({ seconds }) => seconds))!,
        peakMemoryBytes: memory.length === 0 ? null : Math.max(...memory),
      },
    ];
  });
}

/** Null where not every run has the number. */
export function spreadOf(values: readonly (number | null | undefined)[]): Spread | null {
  const known = values.filter((value) => typeof value === 'number');
  if (known.length === 0 || known.length < values.length) return null;
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: known.length === 1 ? null : Math.sqrt(squares / (known.length - 1)) };
}

export function comparisonLines(out: Terminal, methods: readonly MethodSummary[]): string[] {
  const right = true;
  const title = methods[0]?.metric ?? 'accuracy';
  const lines = table(out, methods, [
    { title: 'method', cell: ({ method }) => method },
    { title: 'rate', cell: ({ learningRate }) => String(learningRate), right },
    { title: 'untouched', cell: ({ untouched }) => shareOf(untouched), right },
    { title, cell: ({ accuracy }) => shareOf(accuracy), right },
    { title: 'trained', cell: ({ trainedParameters }) => formatInteger(trainedParameters), right },
    { title: 'of base', cell: ({ trainedShare }) => formatShare(trainedShare), right },
    { title: 'saved', cell: ({ bytes }) => formatBytes(bytes), right },
    { title: 'time', cell: ({ seconds }) => formatDuration(seconds.mean), right },
    {
      title: 'memory',
      cell: ({ peakMemoryBytes }) => (peakMemoryBytes === null ? '–' : formatBytes(peakMemoryBytes)),
      right,
    },
  ]);
  const claim = claimOf(methods);
  return claim === null ? lines : [...lines, '', paint(out, 'bold', claim)];
}

/** What LoRA promises, in the numbers at hand. */
function claimOf(methods: readonly MethodSummary[]): string | null {
  const [lora, full] = (['lora', 'full'] as const).map((name) => methods.find(({ method }) => method === name));
  if (lora === undefined || full === undefined) return null;
  const [reached, possible] = lora.metric === 'accuracy' ? [lora, full].map(meanOf) : [lora, full].map(gainOf);
  if (reached === undefined || possible === undefined || possible <= 0) return null;
  const what = lora.metric === 'accuracy' ? 'accuracy' : `gain in ${lora.metric}`;
  return (
    `lora reaches ${formatShare(reached / possible)} of the ${what} of full ` +
    `with ${formatShare(lora.trainedParameters / full.trainedParameters)} of its trained parameters`
  );
}

function meanOf({ accuracy }: MethodSummary): number | undefined {
  return accuracy?.mean;
}

/** A detector finds much of what it knows before any training, which is no merit of either. */
function gainOf({ accuracy, untouched }: MethodSummary): number | undefined {
  return accuracy === null || untouched === null ? undefined : accuracy.mean - untouched.mean;
}

/** `87.5 % ± 1.2`. */
function shareOf(spread: Spread | null): string {
  if (spread === null) return '–';
  const { mean, deviation } = spread;
  return deviation === null ? formatShare(mean) : `${formatShare(mean)} ± ${(deviation * 100).toFixed(1)}`;
}
