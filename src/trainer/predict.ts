/** What a model says of images: a trained adapter on its base, a merged export, or the untouched base. */
import { decodeImage } from '../data/decode-image.ts';
import { preprocess } from '../data/preprocess.ts';
import type { Engine } from '../engines/engine.ts';
import { LOGITS } from '../models/base.ts';
import type { Base } from '../models/base.ts';
import { InputError, messageOf } from '../shared/errors.ts';
import { inputSize } from '../shared/preprocessing.ts';
import { ranked, softmax } from './probabilities.ts';
import { IMAGES, predictionGraph } from './step.ts';

/** Images that are run at once; they are decoded one after another, so more would only wait. */
const BATCH_SIZE = 8;

export interface Prediction {
  readonly file: string;
  /** The likeliest classes first; all of them where there are few. */
  readonly top: readonly { readonly label: string; readonly probability: number }[];
}

export interface Unreadable {
  readonly file: string;
  readonly reason: string;
}

export interface Predictor {
  /** One result a file, in order; a file that is no image gives its reason instead. */
  predict(files: readonly string[], top?: number): AsyncGenerator<Prediction | Unreadable, void, undefined>;
  close(): Promise<void>;
}

/** Throws InputError for a base that does not tell its classes. */
export async function openPredictor(base: Base, engine: Engine, threads?: number): Promise<Predictor> {
  const { labels, preprocessing } = base;
  if (labels === undefined)
    throw new InputError(`${base.name} does not tell its classes; give an adapter trained on it`);
  const graph = predictionGraph(base.graph, { preprocessing, batch: BATCH_SIZE });
  const program = await engine.compile(graph, { threads });
  const { height, width } = inputSize(preprocessing);

  const prepare = async (file: string): Promise<Uint8Array | Unreadable> => {
    try {
      return preprocess(await decodeImage(file), preprocessing);
    } catch (error) {
      if (error instanceof InputError) return { file, reason: messageOf(error) };
      throw error;
    }
  };
  return {
    async *predict(files, top = 5) {
      for (let start = 0; start < files.length; start += BATCH_SIZE) {
        const chunk = files.slice(start, start + BATCH_SIZE);
        const prepared = await Promise.all(chunk.map(prepare));
        const readable = prepared.filter((image) => image instanceof Uint8Array);
        const data = new Uint8Array(readable.length * height * width * 3);
        readable.forEach((image, index) => {
          data.set(image, index * image.length);
        });
        const shape = [readable.length, height, width, 3];
        const results = readable.length === 0 ? {} : await program.run({ [IMAGES]: { dtype: 'uint8', shape, data } });
        const logits = results[LOGITS]?.data as Float32Array;
        let row = 0;
        for (const [index, image] of prepared.entries()) {
          if (!(image instanceof Uint8Array)) {
            yield image;
            continue;
          }
          const probabilities = softmax(logits.subarray(row * labels.length, (row + 1) * labels.length));
          row += 1;
          const likeliest = ranked(probabilities).slice(0, top);
          yield {
            file: chunk[index]!,
            top: likeliest.map((label) => ({ label: labels[label]!, probability: probabilities[label]! })),
          };
        }
      }
    },
    close: () => program.release(),
  };
}
