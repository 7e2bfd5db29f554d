/** ONNX models as bases: classifiers that PyTorch's exporters write, and others of the same operators; detectors of YOLO. */
import { createHash } from 'node:crypto';
import { basename, dirname, resolve } from 'node:path';
import { readWhole } from '../../formats/file-read.ts';
import { decodeModel } from '../../formats/onnx-proto.ts';
import type { DecodedModel } from '../../formats/onnx-proto.ts';
import { tensorFromProto } from '../../formats/onnx-tensor.ts';
import type { TensorSource } from '../../formats/onnx-tensor.ts';
import { LOGITS } from '../base.ts';
import type { Base, BaseIdentity } from '../base.ts';
import { eliminateDeadCode } from '../../graph/passes/eliminate-dead-code.ts';
import { bytesUnder } from '../../graph/tensor.ts';
import { inputSize } from '../../shared/preprocessing.ts';
import { isDetector, readDetector } from './detector.ts';
import { findHead } from './head.ts';
import { importGraph } from './import-graph.ts';
import { readLabels, readPreprocessing } from './metadata.ts';
import { isFusedConvolution } from './module-paths.ts';
import { readSource } from './source.ts';

/** Protobuf's limit. */
const MAX_MODEL_BYTES = 2 ** 31 - 1;
const EXTERNAL = 1;

/** Opens an ONNX file. `origin` names a hub model and its commit where the file is a download. */
export function openOnnx(
  file: string,
  origin: Pick<BaseIdentity, 'source' | 'revision'> = { source: resolve(file) },
): Promise<Base> {
  return Promise.resolve().then(() => onnxBase(readWhole(file, MAX_MODEL_BYTES), file, origin));
}

/** The same of bytes that are in memory; external data are looked for beside `file`. */
export function onnxBase(bytes: Uint8Array, file: string, origin: Pick<BaseIdentity, 'source' | 'revision'>): Base {
  const model = decodeModel(bytes, { file });
  const files: TensorSource = { directory: dirname(resolve(file)), file };
  const metadata = new Map(model.metadataProps.map(({ key = '', value = '' }) => [key, value]));
  const sha256 = sha256Of(bytes, model, files);
  const common = { name: basename(origin.source), family: 'onnx', aliases: new Map<string, string>() };
  if (isDetector(model, metadata, file)) {
    const { fusedBatchNorm, ...detector } = readDetector(model, files, metadata, file);
    return { ...common, ...detector, identity: { ...origin, sha256, fusedBatchNorm } };
  }
  const source = readSource(model, files);
  const preprocessing = readPreprocessing(metadata, source, file);
  const { graph, outputs } = importGraph(source, files, inputSize(preprocessing));
  const { logits, heads } = findHead(outputs[0]!, source.place);
  graph.output(LOGITS, logits);
  return {
    ...common,
    identity: { ...origin, sha256, fusedBatchNorm: source.nodes.some(isFusedConvolution) },
    graph: eliminateDeadCode(graph),
    heads,
    labels: readLabels(metadata, logits.shape[1] as number, file),
    preprocessing,
  };
}

/** Of the file, then of the tensors that lie outside it. */
function sha256Of(bytes: Uint8Array, { graph }: DecodedModel, files: TensorSource): string {
  const hash = createHash('sha256').update(bytes);
  for (const proto of graph.initializer) {
    if (proto.dataLocation === EXTERNAL) hash.update(bytesUnder(tensorFromProto(proto, files)));
  }
  return hash.digest('hex');
}
