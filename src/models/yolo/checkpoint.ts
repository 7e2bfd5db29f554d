/** What a checkpoint of Ultralytics says of itself beside the weights: which model, for what task, of which classes. */
import { PickleDict, PickleRecord, PickleSequence } from '../../formats/pickle-values.ts';
import type { PickleValue } from '../../formats/pickle-values.ts';
import { printable } from '../../formats/printable.ts';
import { InputError } from '../../shared/errors.ts';
import { TorchModule } from './module.ts';

export interface Checkpoint {
  readonly model: TorchModule;
  /** `yolov8`, `yolo11`, …, as the model's yaml is called; `yolo` where it is called otherwise. */
  readonly family: string;
  /** By number; undefined where the checkpoint does not tell. */
  readonly names: readonly string[] | undefined;
  /** Of the images it was trained on, in pixels: the longer side. */
  readonly imageSize: number | undefined;
}

const SUPPORTED = 'supported are detection models of YOLOv8, YOLO11, YOLO12 and YOLO26';
const DETECTOR = 'DetectionModel';
const RGB = 3;

/** Prefers the EMA weights, as Ultralytics does. Throws an `InputError` for other models, naming the task. */
export function readCheckpoint(root: PickleValue, file: string): Checkpoint {
  const entry = (name: string): PickleValue | undefined => (root instanceof PickleDict ? root.get(name) : undefined);
  const record = [entry('ema'), entry('model')].find((value) => value instanceof PickleRecord);
  if (record === undefined) {
    throw new InputError(
      `holds no model, only ${contentOf(root)}; save the whole model as Ultralytics does (model.save("model.pt")); ${SUPPORTED}`,
      { file },
    );
  }
  const type = record.type.split('.').at(-1)!;
  if (!record.type.startsWith('ultralytics.') || type !== DETECTOR) {
    const task = taskOf(record);
    const what = task === undefined ? '' : `, for the task "${printable(task)}"`;
    throw new InputError(`is of the class ${printable(type)}${what}; ${SUPPORTED}`, { file });
  }
  const model = new TorchModule(record, file);
  const yaml = model.setting('yaml');
  checkChannels(yaml, file);
  return {
    model,
    family: familyOf(yaml),
    names: namesOf(model.setting('names')),
    imageSize: imageSizeOf(entry('train_args')) ?? imageSizeOf(model.setting('args')),
  };
}

function contentOf(root: PickleValue): string {
  if (root instanceof PickleRecord) return `a ${printable(root.type)}`;
  if (!(root instanceof PickleDict)) return 'something else';
  const keys = [...root.entries.keys()].slice(0, 3).map(String);
  return keys.length === 0 ? 'an empty dictionary' : `${printable(keys.join(', '))}, …`;
}

function taskOf({ state }: PickleRecord): string | undefined {
  const task = state instanceof PickleDict ? state.get('task') : undefined;
  return typeof task === 'string' ? task : undefined;
}

/** Models of grey or multispectral images say so; `ch` until 8.3, `channels` since. */
function checkChannels(yaml: PickleValue | undefined, file: string): void {
  const channels = yaml instanceof PickleDict ? (yaml.get('channels') ?? yaml.get('ch')) : undefined;
  if (typeof channels !== 'number' || channels === RGB) return;
  const what = channels === 1 ? '1 channel' : `${channels} channels`;
  throw new InputError(`takes images of ${what}; supported are models of RGB images, which have ${RGB}`, { file });
}

/** `yolo11n.yaml` → `yolo11`. */
function familyOf(yaml: PickleValue | undefined): string {
  const file = yaml instanceof PickleDict ? yaml.get('yaml_file') : undefined;
  return /(?:^|[/\\])(yolo(?:v?\d+))[nsmlx]?[^/\\]*$/.exec(typeof file === 'string' ? file : '')?.[1] ?? 'yolo';
}

/** `{0: 'person', 1: 'bicycle'}`, or a list. Ultralytics takes numbers for names and texts for keys, too. */
function namesOf(value: PickleValue | undefined): readonly string[] | undefined {
  if (value instanceof PickleSequence) return textsOf(value.items);
  if (!(value instanceof PickleDict)) return undefined;
  return textsOf(Array.from({ length: value.entries.size }, (_, index) => value.get(index) ?? value.get(`${index}`)));
}

function textsOf(values: readonly (PickleValue | undefined)[]): readonly string[] | undefined {
  const texts = values.flatMap((value) => (typeof value === 'string' || typeof value === 'number' ? [`${value}`] : []));
  return texts.length === values.length ? texts : undefined;
}

function imageSizeOf(settings: PickleValue | undefined): number | undefined {
  const size = settings instanceof PickleDict ? settings.get('imgsz') : undefined;
  const sides = size instanceof PickleSequence ? size.items : [size];
  const lengths = sides.filter((side) => typeof side === 'number' && Number.isInteger(side) && side > 0);
  return lengths.length === 0 ? undefined : Math.max(...(lengths as number[]));
}
