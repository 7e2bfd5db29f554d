/**
 * TensorFlow as an engine, on a CPU or on an NVIDIA GPU: a graph is written as a SavedModel and run by TensorFlow's C++ runtime, which
 * comes in an engine pack.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileFault } from '../formats/file-faults.ts';
import type { Graph } from '../graph/ir.ts';
import { bytesUnder, sizeOf } from '../graph/tensor.ts';
import type { Tensor } from '../graph/tensor.ts';
import { InputError } from '../shared/errors.ts';
import type { CompileOptions, Engine, Program, ProgramState, Tensors } from './engine.ts';
import { setEnvironment } from './tensorflow-environment.ts';
import { STATE_WRITTEN } from './savedmodel-state.ts';
import type { FrozenPorts, StatePort } from './savedmodel-state.ts';
import { check, fed, JOINT_INPUT, taken } from './tensorflow-ports.ts';
import type { Fed, InPort, OutPort } from './tensorflow-ports.ts';
import { TensorFlowThread } from './tensorflow-thread.ts';
import { writeSavedModel } from './write-savedmodel.ts';

/** Where TensorFlow lies: `lib/` with its libraries, `binding/` with TensorFlow.js's. */
export interface TensorFlowPack {
  readonly name: 'tensorflow-cpu' | 'tensorflow-cuda';
  readonly folder: string;
  /** What XLA has compiled is kept here between runs; undefined leaves XLA off. */
  readonly xlaCache?: string | undefined;
}

/** The library is loaded once a process, with the settings of the first graph. */
let loaded: { readonly folder: string; readonly thread: Promise<TensorFlowThread> } | undefined;

export function tensorFlow(pack: TensorFlowPack): Engine {
  const onGpu = pack.name === 'tensorflow-cuda';
  return {
    name: pack.name,
    device: onGpu ? 'NVIDIA GPU' : 'CPU',
    form: 'tensorflow',
    gpu: onGpu,
    prefersHalf: onGpu,
    hasBfloat16: true,
    keepsState: true,
    sharesMemory: true,
    prepare(options) {
      load(pack, options).catch(() => undefined);
    },
    async compile(graph: Graph, options: CompileOptions = {}): Promise<Program> {
      const { pieces, inputs, outputs, state, frozen } = writeSavedModel(graph, {
        channelsFirst: onGpu,
        state: options.state,
        compiled: pack.xlaCache !== undefined && options.brief !== true,
      });
      const thread = await load(pack, options);
      const model = await inTemporaryFolder(pieces, (folder) => thread.ask({ kind: 'load', folder }));
      await setFrozen(thread, model, frozen);
      return new SavedModelProgram(thread, model, inputs, outputs, state);
    },
  };
}

async function load(pack: TensorFlowPack, { threads }: CompileOptions): Promise<TensorFlowThread> {
  if (loaded !== undefined && loaded.folder !== pack.folder) {
    throw new InputError('this process runs another TensorFlow already', { field: 'engine' });
  }
  loaded ??= { folder: pack.folder, thread: start(pack, threads) };
  try {
    return await loaded.thread;
  } catch (error) {
    loaded = undefined;
    throw error;
  }
}

async function start(
  { name, folder, xlaCache }: TensorFlowPack,
  threads: number | undefined,
): Promise<TensorFlowThread> {
  const xla = xlaCache === undefined ? undefined : { cache: xlaCache, cudaFolder: join(folder, 'cuda') };
  const binding = join(folder, 'binding', 'tfjs_binding.node');
  if (!existsSync(binding)) {
    const remedy = `\`lowrank engines install ${name}\` installs it again`;
    throw new InputError(`is missing in the pack of ${name}; ${remedy}`, { file: binding });
  }
  setEnvironment({ threads, xla });
  const thread = new TensorFlowThread(binding);
  const { gpu, version } = await thread.ask({ kind: 'open' });
  if (name === 'tensorflow-cuda' && !gpu) {
    throw new InputError(
      `TensorFlow ${version} finds no GPU that it can use: its driver or a CUDA library is missing; \`lowrank engines\` says which`,
      { field: 'engine' },
    );
  }
  return thread;
}

/** TensorFlow has read all of the file when it has loaded it, so the file need not outlive that. */
async function inTemporaryFolder<T>(pieces: readonly Uint8Array[], use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'lowrank-savedmodel-'));
  const path = join(folder, 'saved_model.pb');
  try {
    await writePieces(path, pieces).catch((error: unknown) => {
      throw fileFault(error, path);
    });
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writePieces(path: string, pieces: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, 'wx');
  try {
    for (const piece of pieces) await file.writeFile(piece);
  } finally {
    await file.close();
  }
}

class SavedModelProgram implements Program {
  readonly state: ProgramState | undefined;
  readonly #thread: TensorFlowThread;
  readonly #model: number;
  readonly #inputs: readonly InPort[];
  readonly #outputs: readonly OutPort[];
  readonly #nodes: readonly string[];
  /** Words of the joint vector of inputs. */
  readonly #joint: number;
  /** Memory that both threads see, by placeholder: a message would copy all of the array that a tensor is a part of. */
  readonly #shared = new Map<string, SharedArrayBuffer>();

  constructor(
    thread: TensorFlowThread,
    model: number,
    inputs: readonly InPort[],
    outputs: readonly OutPort[],
    state: readonly StatePort[],
  ) {
    this.state = state.length === 0 ? undefined : stateOf(thread, model, state);
    this.#thread = thread;
    this.#model = model;
    this.#inputs = inputs;
    this.#outputs = outputs;
    this.#nodes = [...new Set(outputs.map(({ node }) => node))];
    this.#joint = inputs
      .filter(({ offset }) => offset !== undefined)
      .reduce((sum, { type }) => sum + sizeOf(type.shape as readonly number[]), 0);
  }

  async run(feeds: Tensors, into: Tensors = {}): Promise<Tensors> {
    const results = await this.#thread.ask({
      kind: 'run',
      model: this.#model,
      feeds: this.#feed(feeds),
      outputs: this.#nodes,
    });
    return Object.fromEntries(
      this.#outputs.map((port) => [port.name, taken(port, results[this.#nodes.indexOf(port.node)]!, into[port.name])]),
    );
  }

  async release(): Promise<void> {
    await this.#thread.ask({ kind: 'release', model: this.#model });
  }

  #feed(feeds: Tensors): readonly Fed[] {
    const joint = this.#joint === 0 ? [] : [this.#memory(JOINT_INPUT, [this.#joint], this.#joint)];
    const apart = this.#inputs.flatMap((port) => {
      const tensor = feeds[port.name];
      if (tensor === undefined) throw new Error(`nothing is fed to ${port.name}`);
      check(port, tensor);
      const parts = fed(port, tensor);
      if (port.offset !== undefined) {
        joint[0]!.words.set(parts[0]!.words, port.offset);
        return [];
      }
      return parts.map(({ node, shape, words }) => {
        // Both threads see it as it is.
        if (words.buffer instanceof SharedArrayBuffer) return { node, shape, words };
        const copy = this.#memory(node, shape, words.length);
        copy.words.set(words);
        return copy;
      });
    });
    return [...joint, ...apart];
  }

  #memory(node: string, shape: readonly number[], length: number): Fed {
    const bytes = length * Int32Array.BYTES_PER_ELEMENT;
    let buffer = this.#shared.get(node);
    if (buffer === undefined || buffer.byteLength < bytes) {
      buffer = new SharedArrayBuffer(bytes);
      this.#shared.set(node, buffer);
    }
    return { node, shape, words: new Int32Array(buffer, 0, length) };
  }
}

function stateOf(thread: TensorFlowThread, model: number, ports: readonly StatePort[]): ProgramState {
  const ask = (feeds: readonly Fed[], outputs: readonly string[]) => thread.ask({ kind: 'run', model, feeds, outputs });
  return {
    async write(values) {
      await ask(
        ports.map(({ name, words }) => shared(words, values[name]!)),
        [STATE_WRITTEN],
      );
    },
    async read() {
      const results = await ask(
        [],
        ports.map(({ read }) => read),
      );
      return Object.fromEntries(
        ports.map(({ name, shape }, index) => [name, { dtype: 'float32', shape, data: results[index]!.data }]),
      );
    },
  };
}

async function setFrozen(thread: TensorFlowThread, model: number, { words, written }: FrozenPorts): Promise<void> {
  if (words.length === 0) return;
  const feeds = words.map(({ node, tensor }) => shared(node, tensor));
  await thread.ask({ kind: 'run', model, feeds, outputs: [written] });
}

/** A tensor as words that both threads see: a message would copy all of the array that it is a part of. */
function shared(node: string, tensor: Tensor): Fed {
  const bytes = bytesUnder(tensor);
  const memory = new SharedArrayBuffer(bytes.byteLength);
  new Uint8Array(memory).set(bytes);
  const words = new Int32Array(memory);
  return { node, shape: [words.length], words };
}
