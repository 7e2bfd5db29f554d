/**
 * Which files of a repository a base needs. Only names of this list are ever asked for, and a file is kept under the last part
 * of its path, so no name a server sends decides where something is written.
 */
import { InputError, type Place } from '../../shared/errors.ts';
import type { ListedFile } from './listing.ts';

export interface WantedFile extends ListedFile {
  /** The name in the local folder. */
  readonly name: string;
}

const ABOUT = /^(config|preprocessor_config|processor_config)\.json$|^(LICENSE|LICENCE|README)(\.md|\.txt)?$/i;
const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
const SHARD = /^model-\d{5}-of-\d{5}\.safetensors$/;
/** Exporters of transformers models put it into a folder of this name. */
const ONNX = /^(onnx\/)?[A-Za-z0-9_][A-Za-z0-9._-]{0,199}\.onnx$/;

/** Throws an `InputError` at `place` when the repository holds no weights that Lowrank reads, or more than one candidate. */
export function selectFiles(files: readonly ListedFile[], place: Place): WantedFile[] {
  const wanted = [...files.filter(({ path }) => ABOUT.test(path)), ...weightsOf(files, place)];
  return wanted.map((file) => ({ ...file, name: file.path.slice(file.path.lastIndexOf('/') + 1) }));
}

function weightsOf(files: readonly ListedFile[], place: Place): ListedFile[] {
  const single = files.filter(({ path }) => path === SINGLE);
  if (single.length > 0) return single;
  if (files.some(({ path }) => path === INDEX)) return files.filter(({ path }) => path === INDEX || SHARD.test(path));
  const onnx = onnxOf(files, place);
  if (onnx !== undefined) {
    const data = [`${onnx.path}.data`, `${onnx.path}_data`];
    return [onnx, ...files.filter(({ path }) => data.includes(path))];
  }
  const pickled = files.some(({ path }) => /^pytorch_model.*\.bin$/.test(path));
  throw new InputError(
    pickled
      ? 'holds its weights only in pickle files, which can run code; use a revision or a copy with model.safetensors'
      : 'holds neither model.safetensors nor an ONNX file',
    place,
  );
}

/** `model.onnx` where there is one: the others beside it are the same model, quantised or halved. */
function onnxOf(files: readonly ListedFile[], place: Place): ListedFile | undefined {
  const candidates = files.filter(({ path }) => ONNX.test(path));
  const [first, second] = candidates;
  const plain = ['model.onnx', 'onnx/model.onnx'].map((path) => candidates.find((file) => file.path === path));
  const chosen = plain.find((file) => file !== undefined);
  if (chosen !== undefined || second === undefined) return chosen ?? first;
  const names = candidates.slice(0, 5).map(({ path }) => path);
  throw new InputError(
    `holds ${candidates.length} ONNX files (${names.join(', ')}); download the one you mean and name its path`,
    place,
  );
}
