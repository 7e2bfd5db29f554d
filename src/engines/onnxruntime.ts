/** ONNX Runtime in this process. The CPU engine is part of the product; others of its providers are a matter of choice (choose.ts). */
import * as ort from 'onnxruntime-node';
import { encodeModel } from '../formats/onnx-proto.ts';
import type { Graph } from '../graph/ir.ts';
import { bytesUnder } from '../graph/tensor.ts';
import type { DType, Tensor, TensorData } from '../graph/tensor.ts';
import type { CompileOptions, Engine, Program, Tensors } from './engine.ts';
import { writeOnnx } from './write-onnx.ts';

/** Errors only: ONNX Runtime's warnings tell of its own rewriting, not of the user's job. */
const LOG_ERRORS = 3;

export const onnxRuntimeCpu: Engine = {
  name: 'onnxruntime-cpu',
  device: 'CPU',
  form: 'onnx',
  async compile(graph: Graph, options: CompileOptions = {}): Promise<Program> {
    const { model, external } = writeOnnx(graph, { contrib: true });
    const session = await ort.InferenceSession.create(encodeModel(model), {
      ...sessionOptions(options),
      externalData: external.map(({ path, tensor }) => ({ path, data: bytesUnder(tensor) })),
    });
    return new OnnxProgram(session);
  },
};

/** A model that exists as a file or as bytes, run as it is: exports, and originals to compare with. */
export async function loadOnnx(model: string | Uint8Array, options: CompileOptions = {}): Promise<OnnxProgram> {
  const settings = sessionOptions(options);
  return new OnnxProgram(
    typeof model === 'string'
      ? await ort.InferenceSession.create(model, settings)
      : await ort.InferenceSession.create(model, settings),
  );
}

function sessionOptions({ threads, dumpTo, profileTo }: CompileOptions): ort.InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    logSeverityLevel: LOG_ERRORS,
    // A second run lays all values out anew in one block, while the arena keeps what the first run took: twice the memory, no time gained.
    enableMemPattern: false,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    ...(dumpTo === undefined ? {} : { optimizedModelFilePath: dumpTo }),
    ...(profileTo === undefined ? {} : { enableProfiling: true, profileFilePrefix: profileTo }),
    // Adam's first steps and saturated softmaxes are full of denormals, which cost a hundred times a normal multiplication.
    extra: { session: { set_denormal_as_zero: '1' } },
  };
}

class OnnxProgram implements Program {
  readonly #session: ort.InferenceSession;

  constructor(session: ort.InferenceSession) {
    this.#session = session;
  }

  get inputs(): readonly ort.InferenceSession.ValueMetadata[] {
    return this.#session.inputMetadata;
  }

  get outputNames(): readonly string[] {
    return this.#session.outputNames;
  }

  async run(feeds: Tensors, into: Tensors = {}): Promise<Tensors> {
    const fetches = Object.fromEntries(
      this.#session.outputNames.map((name) => [name, into[name] ? toOrt(into[name]) : null]),
    );
    const results = await this.#session.run(mapValues(feeds, toOrt), fetches);
    return mapValues(results, fromOrt);
  }

  async release(): Promise<void> {
    await this.#session.release();
  }

  /** Writes the profile asked for by `profileTo`. */
  endProfiling(): void {
    this.#session.endProfiling();
  }
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, map: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

function toOrt({ dtype, data, shape }: Tensor): ort.Tensor {
  return new ort.Tensor(dtype as 'float32', data as Float32Array, shape);
}

function fromOrt({ type, data, dims }: ort.Tensor): Tensor {
  return { dtype: type as DType, shape: dims, data: data as TensorData };
}
