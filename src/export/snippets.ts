/**
 * A few lines that run an export as it lies on the disk: image in, class out. They need no Lowrank, prepare an image as the export's
 * preprocessing says, and are short enough to be read before they are pasted.
 */
import type { ExportReport, Snippet } from '../shared/export-report.ts';
import { inputSize, type Preprocessing } from '../shared/preprocessing.ts';
import { detectorSnippets } from './detector/snippets.ts';
import { onnxAdapter } from './onnx-adapter.ts';
import { transformers } from './transformers.ts';

type Exported = Pick<ExportReport, 'format' | 'labels' | 'preprocessing' | 'detection'>;

/** `out` is the absolute path of what was written. No snippet where no library of a language can run the format. */
export function snippetsFor(out: string, { format, labels, preprocessing, detection }: Exported): Snippet[] {
  if (detection !== null) return detectorSnippets(out, { labels, preprocessing });
  switch (format) {
    case transformers.name:
      // transformers.js reads ONNX only.
      return [pythonTransformers(out)];
    case onnxAdapter.name:
      // onnxruntime-node takes an adapter's path and then ignores it.
      return [pythonOnnx(out, labels, preprocessing, true)];
    default:
      return [pythonOnnx(out, labels, preprocessing, false), javascriptOnnx(out, labels, preprocessing)];
  }
}

function pythonTransformers(out: string): Snippet {
  const code = `import sys
from transformers import pipeline

classifier = pipeline("image-classification", model=${JSON.stringify(out)})
for result in classifier(sys.argv[1]):
    print(f"{result['score']:.3f} {result['label']}")
`;
  return { language: 'python', file: 'classify.py', install: 'pip install transformers torch pillow', code };
}

const PIL_FILTERS = { nearest: 'NEAREST', bilinear: 'BILINEAR', bicubic: 'BICUBIC', lanczos: 'LANCZOS' } as const;

function pythonOnnx(
  out: string,
  labels: readonly string[] | null,
  { resize, crop, interpolation, mean, std }: Preprocessing,
  switchable: boolean,
): Snippet {
  const filter = `Image.Resampling.${PIL_FILTERS[interpolation]}`;
  const resized =
    resize.mode === 'exact'
      ? `image = image.resize((${resize.width}, ${resize.height}), ${filter})`
      : `scale = ${resize.edge} / min(image.size)
image = image.resize([int(side * scale) if side > min(image.size) else ${resize.edge} for side in image.size], ${filter})`;
  const cropped =
    crop === null
      ? ''
      : `left, top = (image.width - ${crop.width}) // 2, (image.height - ${crop.height}) // 2
image = image.crop((left, top, left + ${crop.width}, top + ${crop.height}))
`;
  const model = switchable
    ? `folder = ${JSON.stringify(folderOf(out))}
session = ort.InferenceSession(folder + "/base.onnx")
adapter = ort.LoraAdapter()
adapter.Load(${JSON.stringify(out)})
options = ort.RunOptions()
options.add_active_adapter(adapter)`
    : `session = ort.InferenceSession(${JSON.stringify(out)})
options = None`;
  const code = `import sys
import numpy as np
import onnxruntime as ort
from PIL import Image, ImageOps

labels = ${labels === null ? 'None' : JSON.stringify(labels)}
${model}

image = ImageOps.exif_transpose(Image.open(sys.argv[1])).convert("RGB")
${resized}
${cropped}pixels = (np.asarray(image, np.float32) / 255 - np.float32(${list(mean)})) / np.float32(${list(std)})
logits = session.run(["logits"], {"pixel_values": pixels.transpose(2, 0, 1)[None]}, options)[0][0]
scores = np.exp(logits - logits.max())
scores /= scores.sum()
for index in scores.argsort()[::-1][:5]:
    print(f"{scores[index]:.3f} {labels[index] if labels else index}")
`;
  return { language: 'python', file: 'classify.py', install: 'pip install onnxruntime pillow numpy', code };
}

const IMAGE_FILTERS = { nearest: 'Nearest', bilinear: 'Triangle', bicubic: 'CatmullRom', lanczos: 'Lanczos3' } as const;

function javascriptOnnx(out: string, labels: readonly string[] | null, preprocessing: Preprocessing): Snippet {
  const { resize, crop, interpolation, mean, std } = preprocessing;
  const { height, width } = inputSize(preprocessing);
  const sized =
    resize.mode === 'exact'
      ? `const [width, height] = [${resize.width}, ${resize.height}];`
      : `const scale = ${resize.edge} / Math.min(size.width, size.height);
const [width, height] = [size.width, size.height].map((side) => Math.max(${resize.edge}, Math.floor(side * scale)));`;
  const cropped =
    crop === null
      ? ''
      : `  .crop(Math.floor((width - ${crop.width}) / 2), Math.floor((height - ${crop.height}) / 2), ${crop.width}, ${crop.height})
`;
  const code = `import { readFileSync } from 'node:fs';
import { ResizeFilterType, ResizeFit, Transformer } from '@napi-rs/image';
import ort from 'onnxruntime-node';

const labels = ${labels === null ? 'null' : JSON.stringify(labels)};
const session = await ort.InferenceSession.create(${JSON.stringify(out)});

// Upright first: the size of a photograph is told as the camera was held.
const upright = await new Transformer(readFileSync(process.argv[2])).rotate().png();
const size = await new Transformer(upright).metadata();
${sized}
const image = await new Transformer(upright)
  .resize({ width, height, filter: ResizeFilterType.${IMAGE_FILTERS[interpolation]}, fit: ResizeFit.Fill })
${cropped}  .rawPixels();
const area = ${width} * ${height};
const channels = image.length / area;
const [mean, std] = [${list(mean)}, ${list(std)}];
const pixels = new Float32Array(3 * area);
for (let i = 0; i < 3 * area; i++) {
  const channel = Math.floor(i / area);
  // Grey images have one channel, or two with transparency.
  const value = image[(i % area) * channels + (channels < 3 ? 0 : channel)];
  pixels[i] = (value / 255 - mean[channel]) / std[channel];
}
const { logits } = await session.run({ pixel_values: new ort.Tensor('float32', pixels, [1, 3, ${height}, ${width}]) });
const exponents = Array.from(logits.data, (logit) => Math.exp(logit - Math.max(...logits.data)));
const sum = exponents.reduce((total, value) => total + value, 0);
const scores = exponents.map((value, index) => [value / sum, labels?.[index] ?? index]);
for (const [score, label] of scores.sort((a, b) => b[0] - a[0]).slice(0, 5)) console.log(score.toFixed(3), label);
`;
  return { language: 'javascript', file: 'classify.mjs', install: 'npm install onnxruntime-node @napi-rs/image', code };
}

function list(values: readonly number[]): string {
  return `[${values.join(', ')}]`;
}

function folderOf(path: string): string {
  return path.replace(/[\\/][^\\/]*$/, '');
}
