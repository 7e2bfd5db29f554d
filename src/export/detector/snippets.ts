/** A few lines that run an exported detector: image in, boxes out. */
import type { ExportReport, Snippet } from '../../shared/export-report.ts';
import { inputSize } from '../../shared/preprocessing.ts';
import { INPUT, OUTPUT } from './decoded.ts';

/** `out` is the absolute path of what was written. */
export function detectorSnippets(
  out: string,
  { labels, preprocessing }: Pick<ExportReport, 'labels' | 'preprocessing'>,
): Snippet[] {
  return [pythonUltralytics(out), javascript(out, labels, inputSize(preprocessing).width)];
}

function pythonUltralytics(out: string): Snippet {
  const code = `import sys
from ultralytics import YOLO

model = YOLO(${JSON.stringify(out)}, task="detect")
for result in model(sys.argv[1]):
    for box in result.boxes:
        print(f"{float(box.conf):.3f} {result.names[int(box.cls)]} {[round(side) for side in box.xyxy[0].tolist()]}")
`;
  return { language: 'python', file: 'detect.py', install: 'pip install ultralytics onnx onnxruntime', code };
}

/** Letterboxes, runs, and keeps of boxes of a class that overlap the surest. */
function javascript(out: string, labels: readonly string[] | null, side: number): Snippet {
  const code = `import { readFileSync } from 'node:fs';
import { ResizeFit, Transformer } from '@napi-rs/image';
import ort from 'onnxruntime-node';

const labels = ${labels === null ? 'null' : JSON.stringify(labels)};
const session = await ort.InferenceSession.create(${JSON.stringify(out)});

// Upright first: the size of a photograph is told as the camera was held.
const upright = await new Transformer(readFileSync(process.argv[2])).rotate().png();
const size = await new Transformer(upright).metadata();
const scale = ${side} / Math.max(size.width, size.height);
const [width, height] = [size.width, size.height].map((length) => Math.max(1, Math.round(length * scale)));
const image = await new Transformer(upright).resize({ width, height, fit: ResizeFit.Fill }).rawPixels();
const [left, top] = [width, height].map((length) => Math.floor((${side} - length) / 2));
const channels = image.length / (width * height);
const pixels = new Float32Array(3 * ${side} * ${side}).fill(114 / 255);
for (let y = 0; y < height; y++)
  for (let x = 0; x < width; x++)
    for (let c = 0; c < 3; c++)
      // Grey images have one channel, or two with transparency.
      pixels[(c * ${side} + y + top) * ${side} + x + left] =
        image[(y * width + x) * channels + (channels < 3 ? 0 : c)] / 255;

const { ${OUTPUT}: { dims, data } } = await session.run({ ${INPUT}: new ort.Tensor('float32', pixels, [1, 3, ${side}, ${side}]) });
const [, rows, anchors] = dims;
const at = (row, anchor) => data[row * anchors + anchor];
const found = [];
for (let anchor = 0; anchor < anchors; anchor++) {
  let row = 4;
  for (let other = 5; other < rows; other++) if (at(other, anchor) > at(row, anchor)) row = other;
  if (at(row, anchor) < 0.25) continue;
  const [x, y, w, h] = [0, 1, 2, 3].map((part) => at(part, anchor));
  const box = [x - w / 2 - left, y - h / 2 - top, x + w / 2 - left, y + h / 2 - top].map((edge) => edge / scale);
  found.push({ score: at(row, anchor), label: labels?.[row - 4] ?? row - 4, box });
}
const overlap = (a, b) => {
  const [w, h] = [0, 1].map((i) => Math.max(0, Math.min(a[i + 2], b[i + 2]) - Math.max(a[i], b[i])));
  const area = (box) => (box[2] - box[0]) * (box[3] - box[1]);
  return (w * h) / (area(a) + area(b) - w * h);
};
const kept = [];
for (const next of found.sort((a, b) => b.score - a.score))
  if (!kept.some(({ label, box }) => label === next.label && overlap(box, next.box) > 0.7)) kept.push(next);
for (const { score, label, box } of kept) console.log(score.toFixed(3), label, box.map(Math.round));
`;
  return { language: 'javascript', file: 'detect.mjs', install: 'npm install onnxruntime-node @napi-rs/image', code };
}
