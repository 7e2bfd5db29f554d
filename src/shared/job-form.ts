/**
 * The form of a job: which fields stand where, and what control each one wants. Help, bounds and defaults are the schema's (job.ts), so
 * that form, completion, command line and validation cannot differ; only the order and a few plain names are decided here.
 */
import { type JobTask, withTaskDefaults } from './task-defaults.ts';
import { jobFields, type SchemaNode } from './job-fields.ts';

export type FieldControl =
  | { readonly kind: 'number'; readonly whole: boolean; readonly least: number; readonly most: number }
  | { readonly kind: 'choice'; readonly options: readonly string[] }
  | { readonly kind: 'yes-no' }
  | { readonly kind: 'text' }
  /** Names with commas between. */
  | { readonly kind: 'names' }
  /** A group that is on with its defaults, or off (null). */
  | { readonly kind: 'group' };

export interface FormField {
  /** Dotted, as in messages. */
  readonly id: string;
  readonly path: readonly string[];
  readonly label: string;
  readonly help: string;
  readonly fallback: unknown;
  readonly control: FieldControl;
  /** Empty means null: the help says what that does. */
  readonly nullable: boolean;
}

export interface FormSection {
  readonly id: 'basics' | 'adapter' | 'learning' | 'augmentation' | 'run' | 'engine';
  /** In plain sight. */
  readonly fields: readonly FormField[];
  /** Behind *Details*. */
  readonly details: readonly FormField[];
}

/** Names that the words of the path do not make. */
const LABELS: Readonly<Record<string, string>> = {
  'lora.useRslora': 'rsLoRA',
  'lora.useDora': 'DoRA',
  'lora.plusRatio': 'LoRA+ ratio',
  'lora.init': 'Start of A',
  'training.batch': 'Batch size',
  'training.clip': 'Gradient clipping',
  'training.ema': 'Moving average',
  'training.cacheFrozen': 'Keep frozen activations',
  'training.recompute': 'Recompute activations',
  'training.earlyStopping': 'Stop early after',
  'augmentation.flip': 'Horizontal flips',
  'augmentation.crop': 'Random crops',
  'augmentation.jitter': 'Colour jitter',
  'augmentation.views': 'Fixed views per image',
  'detection.imageSize': 'Image size',
  'detection.mosaic': 'Mosaics',
  'detection.closeMosaic': 'Close mosaics',
  'detection.scale': 'Scaling',
  'detection.translate': 'Shifting',
  'detection.flipVertically': 'Vertical flips',
  'detection.value': 'Brightness',
  'detection.gains.box': 'Box loss gain',
  'detection.gains.cls': 'Class loss gain',
  'detection.gains.dfl': 'Distance loss gain',
  'detection.iou': 'IoU of duplicates',
  method: 'What is trained',
};

type Layout = readonly (readonly [FormSection['id'], readonly string[], readonly string[]])[];

const ADAPTER: Layout[number] = [
  'adapter',
  ['lora.useRslora', 'lora.useDora', 'lora.dropout'],
  ['lora.init', 'lora.plusRatio', 'lora.excludeModules', 'lora.modulesToSave'],
];
const RUN = ['training.validationShare', 'training.earlyStopping', 'training.seed'];
/** Engine, device, precision and XLA have controls of their own, which know this machine (webview/engines). */
const ENGINE: Layout[number] = ['engine', ['threads'], []];

/** What a task does not look at stands in its form as little as what it lacks. */
const LAYOUTS: Readonly<Record<JobTask, Layout>> = {
  classification: [
    ['basics', ['name', 'training.epochs', 'training.batch', 'training.learningRate', 'method'], []],
    ADAPTER,
    [
      'learning',
      ['training.schedule', 'training.warmup', 'training.classWeights'],
      ['training.weightDecay', 'training.labelSmoothing', 'training.clip', 'training.ema', 'training.accumulate'],
    ],
    ['augmentation', ['augmentation.flip', 'augmentation.crop', 'augmentation.jitter'], ['augmentation.views']],
    ['run', RUN, ['training.evaluateEvery', 'training.checkpointEvery', 'training.cacheFrozen', 'training.recompute']],
    ENGINE,
  ],
  detection: [
    [
      'basics',
      ['name', 'training.epochs', 'training.batch', 'detection.imageSize', 'training.learningRate', 'method'],
      [],
    ],
    ADAPTER,
    [
      'learning',
      ['training.schedule', 'training.warmup'],
      [
        'training.weightDecay',
        'training.clip',
        'training.ema',
        'training.accumulate',
        'detection.gains.box',
        'detection.gains.cls',
        'detection.gains.dfl',
      ],
    ],
    [
      'augmentation',
      ['detection.mosaic', 'detection.closeMosaic', 'augmentation.flip', 'detection.scale', 'detection.translate'],
      ['detection.flipVertically', 'detection.hue', 'detection.saturation', 'detection.value'],
    ],
    ['run', RUN, ['training.evaluateEvery', 'training.checkpointEvery', 'detection.iou']],
    ENGINE,
  ],
};

export const JOB_FORMS: Readonly<Record<JobTask, readonly FormSection[]>> = {
  classification: sectionsOf(LAYOUTS.classification),
  detection: sectionsOf(LAYOUTS.detection),
};

function sectionsOf(layout: Layout): FormSection[] {
  return layout.map(([id, fields, details]) => ({ id, fields: fields.map(fieldOf), details: details.map(fieldOf) }));
}

/** Throws for a path that is no field: a wrong layout fails its test. */
function fieldOf(id: string): FormField {
  const field = jobFields().get(id);
  if (field === undefined) throw new Error(`no field ${id} in the schema of the job`);
  const { description: help, fallback, schema } = field;
  const inner = schema.anyOf?.find(({ type }) => type !== 'null');
  const nullable = schema.anyOf?.some(({ type }) => type === 'null') ?? false;
  const path = id.split('.');
  const control = controlOf(nullable && inner !== undefined ? inner : schema);
  return { id, path, label: LABELS[id] ?? labelOf(path.at(-1)!), help, fallback, control, nullable };
}

function controlOf(schema: SchemaNode): FieldControl {
  if (schema.enum !== undefined) return { kind: 'choice', options: schema.enum };
  switch (schema.type) {
    case 'boolean':
      return { kind: 'yes-no' };
    case 'integer':
    case 'number': {
      const { minimum, exclusiveMinimum, maximum, exclusiveMaximum } = schema;
      const least = minimum ?? (exclusiveMinimum === undefined ? -Infinity : exclusiveMinimum + Number.EPSILON);
      const most = maximum ?? (exclusiveMaximum === undefined ? Infinity : exclusiveMaximum - Number.EPSILON);
      return { kind: 'number', whole: schema.type === 'integer', least, most };
    }
    case 'array':
      return { kind: 'names' };
    case 'object':
      return { kind: 'group' };
    default:
      return { kind: 'text' };
  }
}

/** `labelSmoothing` → `Label smoothing`. */
function labelOf(name: string): string {
  const words = name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export type Parsed = { readonly value: unknown } | { readonly wrong: true };

/** What a person wrote into the control of a field. Whether the job allows it is checked once more by its schema. */
export function parseField({ control, nullable }: FormField, text: string): Parsed {
  const trimmed = text.trim();
  if (trimmed === '' && nullable) return { value: null };
  switch (control.kind) {
    case 'number': {
      const value = trimmed === '' ? NaN : Number(trimmed.replace(',', '.'));
      const fits = Number.isFinite(value) && value >= control.least && value <= control.most;
      return fits && (!control.whole || Number.isInteger(value)) ? { value } : { wrong: true };
    }
    case 'names':
      return { value: trimmed === '' ? undefined : trimmed.split(/[\s,]+/).filter((name) => name !== '') };
    case 'text':
      return { value: trimmed === '' ? undefined : trimmed };
    default:
      return { value: trimmed };
  }
}

/** A field's value as its control shows it. */
export function fieldText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(fieldText).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The value at a path of a job. */
export function valueAt(job: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined),
    job,
  );
}

/** What a field is where a job says nothing of it: where tasks differ, its base tells which one it is. */
export function fallbackFor({ path, fallback }: FormField, base: string): unknown {
  return valueAt(withTaskDefaults({ base }), path) ?? fallback;
}
