/** ONNX Runtime in this process: an engine for each of its execution providers. */
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { encodeModel } from '../formats/onnx-proto.ts';
import type { Graph } from '../graph/ir.ts';
import { bytesUnder } from '../graph/tensor.ts';
import type { DType, Tensor, TensorData } from '../graph/tensor.ts';
import type { CompileOptions, Engine, Program, Tensors } from './engine.ts';
import { withFedState } from './fed-state.ts';
import { onnxRuntime } from './onnxruntime-library.ts';
import type { OnnxRuntime } from './onnxruntime-library.ts';
import { CPU_PROVIDER, PROVIDERS } from './onnxruntime-providers.ts';
import type { Provider } from './onnxruntime-providers.ts';
import { writeOnnx } from './write-onnx.ts';

/** Errors only: ONNX Runtime's warnings tell of its own rewriting, not of the user's job. */
const LOG_ERRORS = 3;

function engineOf(provider: Provider): Engine {
  return {
    name: provider.name,
    device: provider.device,
    form: 'onnx',
    gpu: provider !== CPU_PROVIDER,
    prefersHalf: provider.prefersHalf ?? false,
    alignment: provider.alignment,
    keepsState: provider.keepsState ?? false,
    async compile(graph: Graph, options: CompileOptions = {}): Promise<Program> {
      const program = await load(encode(graph, provider, options), provider, options);
      return options.state === undefined ? program : withFedState(program, options.state);
    },
  };
}

/** A graph as bytes, with its constants beside it: what can be handed to another thread. */
export interface EncodedGraph {
  readonly model: Uint8Array;
  readonly external: readonly { readonly path: string; readonly data: Uint8Array }[];
}

function encode(graph: Graph, provider: Provider, { intoOnly }: CompileOptions): EncodedGraph {
  const endOfResults = intoOnly === true && provider === CPU_PROVIDER ? END_OF_RESULTS : undefined;
  const { model, external } = writeOnnx(graph, { operators: provider.operators, endOfResults });
  return {
    model: encodeModel(model),
    external: external.map(({ path, tensor }) => ({ path, data: bytesUnder(tensor) })),
  };
}

async function load({ model, external }: EncodedGraph, provider: Provider, options: CompileOptions): Promise<Program> {
  const ort = await onnxRuntime();
  const session = await ort.InferenceSession.create(model, {
    ...sessionOptions(options, provider),
    externalData: [...external],
  });
  return new OnnxProgram(ort, session);
}

/** For `loadForCpu` in another thread. */
export function encodeForCpu(graph: Graph, options: CompileOptions = {}): EncodedGraph {
  return encode(graph, CPU_PROVIDER, options);
}

export function loadForCpu(encoded: EncodedGraph, options: CompileOptions = {}): Promise<Program> {
  return load(encoded, CPU_PROVIDER, options);
}

/**
 * onnxruntime-node copies every result into new memory, also what it was handed memory for (`OrtValueToNapiValue`, last seen in 1.30): for a
 * detector's saved values that took as long as a third of its forward pass, half of it V8's collector, which such memory calls. The handing
 * over ends at the first result that is no tensor, by an error; what was to be written is written by then.
 */
const END_OF_RESULTS = 'end of results';
const ENDED = 'Non tensor type';

/** One for each provider, in the order of onnxruntime-providers.ts. */
export const ONNX_RUNTIME_ENGINES: readonly Engine[] = PROVIDERS.map(engineOf);

export const onnxRuntimeCpu: Engine = ONNX_RUNTIME_ENGINES[PROVIDERS.indexOf(CPU_PROVIDER)]!;

/** A model that exists as a file or as bytes, run on the CPU as it is: exports, and originals to compare with. */
export async function loadOnnx(model: string | Uint8Array, options: CompileOptions = {}): Promise<OnnxProgram> {
  const ort = await onnxRuntime();
  const settings = sessionOptions(options, CPU_PROVIDER);
  return new OnnxProgram(
    ort,
    typeof model === 'string'
      ? await ort.InferenceSession.create(model, settings)
      : await ort.InferenceSession.create(model, settings),
  );
}

function sessionOptions(
  { threads, dumpTo, profileTo }: CompileOptions,
  { provider, withoutOptimizers = [] }: Provider,
): InferenceSession.SessionOptions {
  return {
    executionProviders: [provider],
    graphOptimizationLevel: 'all',
    logSeverityLevel: LOG_ERRORS,
    // A second run lays all values out anew in one block, while the arena keeps what the first run took: twice the memory, no time gained.
    enableMemPattern: false,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    ...(dumpTo === undefined ? {} : { optimizedModelFilePath: dumpTo }),
    ...(profileTo === undefined ? {} : { enableProfiling: true, profileFilePrefix: profileTo }),
    // Adam's first steps and saturated softmaxes are full of denormals, which cost a hundred times a normal multiplication.
    // Only a process's first session sets this, for the thread that makes it and those started from there afterwards.
    extra: {
      session: { set_denormal_as_zero: '1' },
      ...(withoutOptimizers.length > 0 && {
        optimization: { disable_specified_optimizers: withoutOptimizers.join(';') },
      }),
    },
  };
}

class OnnxProgram implements Program {
  readonly #ort: OnnxRuntime;
  readonly #session: InferenceSession;

  constructor(ort: OnnxRuntime, session: InferenceSession) {
    this.#ort = ort;
    this.#session = session;
  }

  get inputs(): readonly InferenceSession.ValueMetadata[] {
    return this.#session.inputMetadata;
  }

  get outputNames(): readonly string[] {
    return this.#session.outputNames;
  }

  async run(feeds: Tensors, into: Tensors = {}): Promise<Tensors> {
    const toOrt = ({ dtype, data, shape }: Tensor): OrtTensor =>
      new this.#ort.Tensor(dtype as 'float32', data as Float32Array, shape);
    const fetches = Object.fromEntries(
      this.#session.outputNames.map((name) => [name, into[name] ? toOrt(into[name]) : null]),
    );
    const fed = mapValues(feeds, toOrt);
    if (!(END_OF_RESULTS in fetches)) return mapValues(await this.#session.run(fed, fetches), fromOrt);
    const missing = this.#session.outputNames.find((name) => name !== END_OF_RESULTS && into[name] === undefined);
    if (missing !== undefined) throw new Error(`no tensor was handed in for the result ${missing}`);
    try {
      await this.#session.run(fed, fetches);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith(ENDED))) throw error;
    }
    return into;
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

function fromOrt({ type, data, dims }: OrtTensor): Tensor {
  return { dtype: type as DType, shape: dims, data: data as TensorData };
}
