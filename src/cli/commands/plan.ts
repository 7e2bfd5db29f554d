import { formatBytes, formatCount, formatDuration, formatInteger, formatShare } from '../../shared/format.ts';
import type { Plan, PlannedLayer } from '../../shared/plan.ts';
import { planJob } from '../../trainer/plan.ts';
import { defineCommand } from '../command.ts';
import { JOB_FLAGS, jobFrom } from '../job-flags.ts';
import { optional } from '../parameters.ts';
import { type Fact, facts, table } from '../table.ts';
import { paint, plain, type Terminal } from '../terminal.ts';

export const plan = defineCommand({
  name: 'plan',
  summary: 'Tell what a run would train, save, need and take, before it is started',
  details:
    'Tells what a run would train, save, need and take: sizes to the byte, memory and time within a quarter, the adapters layer ' +
    'by layer, and the layers that are left out with the reason. Takes what `train` takes, and trains nothing.',
  examples: ['plan --data ./flowers --base ./vit --rank 8', 'plan flowers.lora.json --rank 16 --json'],
  positionals: { job: optional('A job file (*.lora.json); its paths are relative to it') },
  flags: JOB_FLAGS,
  async run({ job: file, ...flags }) {
    // The coefficients are for a slider that goes on from here, not for a reader.
    const { coefficients: _, ...planned } = await planJob(await jobFrom(flags, file));
    return { json: planned, lines: (out) => linesOf(out, planned) };
  },
});

type Told = Omit<Plan, 'coefficients'>;

function linesOf(out: Terminal, planned: Told): string[] {
  const { layers, skipped } = planned;
  const right = true;
  const adapted = table<PlannedLayer>(out, layers, [
    { title: 'layer', cell: ({ module }) => module },
    { title: 'kind', cell: ({ kind }) => kind },
    { title: 'weight', cell: ({ shape }) => shape.join('×'), right },
    { title: 'rank', cell: ({ rank }) => String(rank), right },
    { title: 'scale', cell: ({ scale }) => String(Number(scale.toPrecision(4))), right },
    { title: 'parameters', cell: ({ parameters }) => formatInteger(parameters), right },
    { title: 'size', cell: ({ bytes }) => formatBytes(bytes), right },
    { title: 'of layer', cell: ({ share }) => formatShare(share), right },
    { title: 'form', cell: ({ form }) => form },
  ]);
  const left = table(out, skipped, [
    { title: 'left out', cell: ({ module }) => module },
    { title: 'why', cell: ({ reason }) => reason },
  ]);
  return [
    ...(layers.length === 0 ? [] : [...adapted, '']),
    ...(skipped.length === 0 ? [] : [...left, '']),
    ...facts(out, [...whatItIs(planned), ...whatItCosts(planned)]),
    ...planned.notes.map((note) => `${paint(out, 'yellow', 'note:')} ${plain(note)}`),
  ];
}

function whatItIs({ setup, base, method }: Told): Fact[] {
  const { images, classes } = setup.dataset;
  const { parameters, engine, steps } = setup;
  const test = images.test > 0 ? `, ${formatInteger(images.test)} test` : '';
  return [
    { name: 'base', value: `${base.name} (${setup.base.architecture}), ${formatInteger(parameters.base)} parameters` },
    {
      name: 'dataset',
      value:
        `${classes.length} classes, ${formatInteger(images.train)} training, ` +
        `${formatInteger(images.validation)} validation${test} images`,
    },
    { name: 'runs on', value: `${engine.device}, ${engine.name}, ${engine.precision}; ${engine.reason}` },
    { name: 'steps', value: `${formatInteger(steps.total)}, ${formatInteger(steps.perEpoch)} an epoch` },
    {
      name: 'trains',
      value:
        `${formatInteger(parameters.trainable)} parameters, ${formatShare(parameters.trainable / parameters.base)} of the base` +
        (method === 'lora'
          ? ` (${formatInteger(parameters.adapter)} adapter, ${formatInteger(parameters.head)} head)`
          : ` (${method})`),
      style: 'bold',
    },
  ];
}

function whatItCosts({ setup, size, memory, time, stepFlops, frozen }: Told): (Fact | null)[] {
  const { recompute } = setup.engine;
  const share = (bytes: number, what: string): string => `${formatBytes(bytes)} ${what}`;
  return [
    {
      name: 'file',
      value: `${formatBytes(size.file)}; a whole copy takes ${formatBytes(size.fullCopy)}, ${times(size.saving)} as much`,
      style: 'bold',
    },
    size.savingWithoutHead === null
      ? null
      : { name: '', value: `without the head on either side: ${times(size.savingWithoutHead)} as much` },
    {
      name: 'memory',
      value:
        `about ${formatBytes(memory.total)}: ` +
        [
          share(memory.process, 'process'),
          share(memory.weights, 'weights'),
          share(memory.activations, 'activations'),
          share(memory.trained, 'trained'),
          share(memory.images, 'images'),
        ].join(', '),
    },
    recompute === 0
      ? null
      : {
          name: '',
          value: `so that it fits, ${recompute} segments of the step are computed again in its backward pass instead of kept`,
        },
    {
      name: 'time',
      value:
        `about ${formatDuration(time.epoch)} an epoch, ${formatDuration(time.total)} in all; ` +
        `a step takes ${formatDuration(time.step)} for ${formatCount(stepFlops)} operations`,
    },
    { name: 'kept', value: keptWords(frozen) },
  ];
}

/** What is computed once for each image instead of in every step. */
function keptWords({ training, reason }: Plan['frozen']): string {
  if (training === null) return `nothing: ${reason ?? 'no layer is frozen'}`;
  const { after, views, bytes, storage } = training;
  return (
    `what ${after ?? 'the frozen layers'} makes of each image` +
    `${views > 1 ? ` in ${views} views` : ''}: ${formatBytes(bytes)} in ${storage === 'file' ? 'a file' : 'memory'}`
  );
}

function times(factor: number): string {
  return `${factor < 1000 ? factor.toPrecision(3) : formatInteger(factor)} times`;
}
