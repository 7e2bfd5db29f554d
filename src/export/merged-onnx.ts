/** A graph as one ONNX file of plain operators, which any runtime reads. */
import { STANDARD_OPERATORS, writeOnnx } from '../engines/write-onnx.ts';
import { writeOnnxFile } from '../formats/onnx-file.ts';
import type { ModelProto } from '../formats/onnx-proto.ts';
import type { Graph } from '../graph/ir.ts';
import { bytesUnder } from '../graph/tensor.ts';

/** Protobuf ends at 2 GiB; weights beyond this go to `<name>.data` beside the file. The rest is for the graph itself. */
const MAX_INLINE_BYTES = 2 ** 31 - 2 ** 26;
/** What stays in the file then: scalars and shapes. */
const MAX_SMALL_BYTES = 1024;

export interface PlainOptions {
  readonly metadata: Readonly<Record<string, string>>;
  /** A last change of the model as it is written. */
  readonly adjust?: (model: ModelProto) => ModelProto;
}

export async function writePlainOnnx(path: string, graph: Graph, { metadata, adjust }: PlainOptions): Promise<void> {
  const { model, external } = writeOnnx(graph, { operators: STANDARD_OPERATORS, metadata });
  const weights = new Map(external.map(({ path: name, tensor }) => [name, bytesUnder(tensor)]));
  const bytes = external.reduce((sum, { tensor }) => sum + tensor.data.byteLength, 0);
  await writeOnnxFile(path, adjust?.(model) ?? model, {
    inMemory: weights,
    ...(bytes > MAX_INLINE_BYTES && { externalDataAbove: MAX_SMALL_BYTES }),
  });
}
