/**
 * The job: everything a run needs to know, as written in `*.lora.json`. This schema is the one home of its fields: types,
 * validation, defaults, the JSON Schema the editor completes from, the form and the docs are all taken from it.
 */
import * as z from 'zod';
import { preprocessingSchema } from './preprocessing.ts';
import { SCHEDULE_NAMES } from './schedules.ts';

/** Above this a "low rank" is none; it also bounds what a hostile job file can ask for. */
const MAX_RANK = 4096;
const rank = z.int().min(1).max(MAX_RANK);
const positive = z.number().positive();
const fraction = z.number().min(0).max(1);
/** More than these would only say that the others do not count. */
const gain = z.number().min(0).max(1000);

export const loraSchema = z
  .strictObject({
    rank: rank.default(8).describe('Rank r of the two small matrices.'),
    alpha: positive.default(16).describe('Scale numerator: the adapter is multiplied by alpha / r.'),
    targetModules: z
      .union([z.literal('all-linear'), z.string(), z.array(z.string()).min(1)])
      .default('all-linear')
      .describe(
        'Layers to adapt: all-linear (every linear and convolution layer but the head), names, or one regular expression.',
      ),
    excludeModules: z.array(z.string()).default([]).describe('Names that are left out of the target modules.'),
    layersToTransform: z
      .array(z.int().min(0))
      .nullable()
      .default(null)
      .describe('Only these block numbers; empty (null) for all.'),
    modulesToSave: z
      .array(z.string())
      .default([])
      .describe('Further modules trained whole and saved; the head always is when it is new.'),
    rankPattern: z
      .record(z.string(), rank)
      .default({})
      .describe('Rank of single modules, by name or regular expression.'),
    alphaPattern: z
      .record(z.string(), positive)
      .default({})
      .describe('Alpha of single modules, by name or regular expression.'),
    dropout: z.number().min(0).lt(1).default(0).describe('Dropout before A, during training.'),
    useRslora: z.boolean().default(false).describe('Scale by alpha / √r (rsLoRA), for ranks of 32 and more.'),
    useDora: z
      .boolean()
      .default(false)
      .describe('Train the magnitude of each weight row apart from its direction (DoRA).'),
    init: z
      .enum(['kaiming', 'gaussian', 'pissa'])
      .default('kaiming')
      .describe('How A starts; B starts at zero but for PiSSA.'),
    plusRatio: positive.default(1).describe('LoRA+: learning rate of B over that of A; the paper uses 16.'),
  })
  .describe('LoRA');

export const augmentationSchema = z
  .strictObject({
    flip: fraction.default(0.5).describe('Probability of a horizontal flip.'),
    crop: z
      .strictObject({
        scale: z.tuple([fraction, fraction]).default([0.7, 1]),
        ratio: z.tuple([positive, positive]).default([3 / 4, 4 / 3]),
      })
      .nullable()
      .default(null)
      .describe('Random resized crop: area share and aspect ratio; off (null) for none.'),
    jitter: z
      .strictObject({
        brightness: fraction.default(0.2),
        contrast: fraction.default(0.2),
        saturation: fraction.default(0.2),
      })
      .nullable()
      .default(null)
      .describe('Colour jitter: each factor is drawn from 1 ± its value; off (null) for none.'),
    views: z
      .int()
      .min(1)
      .max(64)
      .nullable()
      .default(null)
      .describe(
        'A fixed number of augmented views per image, so that frozen layers can be cached; null draws anew each epoch.',
      ),
  })
  .describe('Augmentation of training images; validation images are never augmented.');

const detectionSchema = z
  .strictObject({
    imageSize: z
      .int()
      .min(32)
      .max(4096)
      .nullable()
      .default(null)
      .describe(
        'Side of the square images, in pixels: a multiple of the largest stride, mostly 32; empty (null) for that of the base.',
      ),
    mosaic: fraction.default(1).describe('Probability that four training images share a picture.'),
    closeMosaic: z.int().min(0).max(10_000).default(10).describe('Epochs at the end without mosaics.'),
    scale: z
      .number()
      .min(0)
      .lt(1)
      .default(0.5)
      .describe('Largest change of the size of a training image, as a part of it.'),
    translate: fraction.default(0.1).describe('Largest shift of a training image, in parts of the picture.'),
    flipVertically: fraction.default(0).describe('Probability that a training image is turned upside down.'),
    hue: fraction.default(0.015).describe('Largest change of the hue, in parts of the colour circle.'),
    saturation: fraction.default(0.7).describe('Largest change of the saturation factor.'),
    value: fraction.default(0.4).describe('Largest change of the brightness factor.'),
    gains: z
      .strictObject({
        box: gain.default(7.5).describe('Weight of the loss of boxes (1 − CIoU).'),
        cls: gain.default(0.5).describe('Weight of the loss of classes (binary cross-entropy).'),
        dfl: gain
          .default(1.5)
          .describe('Weight of the loss of the distances to the sides of boxes (DFL; L1 where a head predicts them).'),
      })
      .prefault({})
      .describe("Weights of the parts of the loss; the defaults are Ultralytics'."),
    iou: fraction
      .default(0.7)
      .describe('Of two found boxes of a class that overlap more (IoU), evaluations count the surer alone (NMS).'),
  })
  .describe(
    'Detection: what training images with boxes go through (left and right are swapped by augmentation.flip), what their loss weighs, and what evaluations count.',
  );

export const trainingSchema = z
  .strictObject({
    epochs: z.int().min(1).max(10_000).default(3).describe('Passes over the training images.'),
    batch: z.int().min(1).max(4096).default(16).describe('Images per step of the engine.'),
    accumulate: z.int().min(1).max(1024).default(1).describe('Batches whose gradients are averaged before one update.'),
    learningRate: positive.default(1e-3).describe('The highest learning rate; the schedule goes down from it.'),
    schedule: z.enum(SCHEDULE_NAMES).default('cosine').describe('How the learning rate goes on after the warm-up.'),
    warmup: fraction.default(0.05).describe('Share of all steps over which the learning rate rises from 0.'),
    weightDecay: z.number().min(0).default(0.01).describe('Decoupled weight decay (AdamW).'),
    clip: z.number().min(0).default(1).describe('Largest norm of all gradients together; 0 for no clipping.'),
    ema: z
      .number()
      .min(0)
      .lt(1)
      .default(0)
      .describe('Decay of the moving average of the trained values, which is then evaluated and saved; 0 for none.'),
    labelSmoothing: z
      .number()
      .min(0)
      .lt(1)
      .default(0)
      .describe('Share of each label that is spread over all classes, against overconfidence.'),
    classWeights: z
      .enum(['none', 'balanced'])
      .default('none')
      .describe('balanced weighs each class by the inverse of its share.'),
    evaluateEvery: z
      .int()
      .min(1)
      .nullable()
      .default(null)
      .describe('Steps between evaluations; empty (null) for once an epoch.'),
    checkpointEvery: z
      .int()
      .min(1)
      .nullable()
      .default(null)
      .describe('Steps between checkpoints; empty (null) for once an epoch.'),
    earlyStopping: z
      .int()
      .min(1)
      .nullable()
      .default(null)
      .describe('Evaluations without improvement after which the run ends; empty (null) for never.'),
    validationShare: z
      .number()
      .min(0.01)
      .max(0.9)
      .default(0.2)
      .describe('Share held out when the folder has no split of its own.'),
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .default(0)
      .describe('Of the split, the order of the data and the first values; the same seed gives the same run.'),
    cacheFrozen: z
      .enum(['auto', 'off'])
      .default('auto')
      .describe('Keep activations below the lowest adapter instead of computing them again.'),
    recompute: z
      .enum(['auto', 'never', 'always'])
      .default('auto')
      .describe(
        'Compute activations again in the backward pass instead of keeping them: less memory, up to a third more time; auto where the step would not fit.',
      ),
  })
  .describe('Training');

export const jobSchema = z
  .strictObject({
    $schema: z.string().optional(),
    name: z.string().max(80).optional().describe('A name for the run.'),
    data: z
      .string()
      .min(1)
      .describe('The dataset folder, or the data.yaml of images with boxes, relative to this file.'),
    base: z
      .string()
      .min(1)
      .describe('A model folder or ONNX file, a YOLO checkpoint (.pt) for boxes, hf:owner/name[@revision], or sample.'),
    method: z
      .enum(['lora', 'head', 'full'])
      .default('lora')
      .describe('lora trains adapters and a new head, head the head alone, full every weight.'),
    lora: loraSchema.prefault({}),
    training: trainingSchema.prefault({}),
    augmentation: augmentationSchema.prefault({}),
    detection: detectionSchema.prefault({}),
    preprocessing: preprocessingSchema
      .partial()
      .nullable()
      .default(null)
      .describe("Overrides of the base's own preprocessing."),
    engine: z.string().default('auto').describe('auto, or the name of an engine from `lowrank engines`.'),
    device: z
      .string()
      .min(1)
      .default('auto')
      .describe('Of several NVIDIA cards the one for CUDA: its number or UUID in nvidia-smi; auto takes the freest.'),
    xla: z
      .enum(['auto', 'on', 'off'])
      .default('auto')
      .describe(
        'Compilation by XLA with tensorflow-cuda, some 45 s before the first step; auto where the run is long enough to repay it.',
      ),
    precision: z
      .enum(['auto', 'fp32', 'fp16', 'bf16'])
      .default('auto')
      .describe(
        'Of the computation: fp16 is faster on GPUs; auto takes it where the engine gains by it. bf16 has the range of fp32 and fewer digits, with TensorFlow alone. Adapters are kept in fp32.',
      ),
    threads: z
      .int()
      .min(1)
      .max(1024)
      .nullable()
      .default(null)
      .describe('CPU threads of the engine; empty (null) for the physical cores.'),
  })
  .describe('A Lowrank fine-tuning job');

export type Job = z.infer<typeof jobSchema>;
export type LoraOptions = Job['lora'];
export type Augmentation = Job['augmentation'];
