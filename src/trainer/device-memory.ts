/**
 * Whether a step fits into the memory it runs in, of a GPU or of this machine, told before it starts: with the part of it that is to be
 * computed again where that makes it fit, or with the batch that does. Counted as plan-memory.ts counts.
 */
import { totalmem } from 'node:os';
import { constrainedMemory } from 'node:process';
import { constantBytes, peakOf } from '../graph/cost.ts';
import type { Graph } from '../graph/ir.ts';
import { lower } from '../graph/passes/lower.ts';
import { elements } from '../graph/shape.ts';
import { bytesOf } from '../graph/tensor.ts';
import { BATCH } from '../models/base.ts';
import { InputError } from '../shared/errors.ts';
import { formatBytes } from '../shared/format.ts';
import type { Job } from '../shared/job.ts';
import { arenaBytes, ENGINE_THREAD_BYTES, stepBytes } from './arena.ts';
import type { HeldBatch } from './held-batch.ts';
import { fewestSegments, recomputableStep } from './recompute.ts';

/** The driver's context and the libraries' kernels and work space. */
const CONTEXT_BYTES = 700 * 2 ** 20;
/** What the system and a desktop keep of a machine's memory. */
const HOST_SHARE = 0.85;
/** A step holds no more at once than this many times what its forward pass writes. */
const BACKWARD_FACTOR = 4;

/** Bytes of a GPU that one step takes; `graph` is in the precision it is computed in. */
export function deviceBytes(graph: Graph, batch: number): number {
  const { constants, activations } = counted(graph, batch);
  return CONTEXT_BYTES + constants + arenaBytes({ activations, convolutions: 0 });
}

/** Bytes of a trainer's process on the CPU. */
function hostBytes(graph: Graph, batch: number): number {
  return stepBytes({ ...counted(graph, batch), convolutions: 0 });
}

function counted(graph: Graph, batch: number): { constants: number; activations: number } {
  const bindings = { [BATCH]: batch };
  const { nodes, outputs } = lower(graph);
  return {
    constants: constantBytes(nodes, bindings),
    activations: peakOf(nodes, outputs.values(), bindings),
  };
}

/** What a step runs in. */
export interface Device {
  readonly name: string;
  /** Bytes of a GPU; null where it is not told. */
  readonly memory: number | null;
}

/** A step that fits. */
export interface Fit {
  /** Bytes of the GPU that it needs; null on the CPU. */
  readonly needed: number | null;
  /** The lowest segments of it that are computed again (graph/passes/recompute.ts). */
  readonly recompute: number;
}

type Wanted = Pick<Job['training'], 'batch' | 'recompute'>;

/** A step that is still to be made: where a look at its model tells enough, it is not. */
export interface StepToFit {
  /** In the precision it runs in. */
  readonly make: () => Graph;
  readonly model: Graph;
}

/** Throws an `InputError` that names the largest batch that fits, of those that halving leads to. */
export function fitDevice({ make }: Pick<StepToFit, 'make'>, wanted: Wanted, { name, memory }: Device): Fit {
  if (memory !== null) {
    const { recompute, bytes } = fit(make(), wanted, { name, memory, bytesOf: deviceBytes });
    return { recompute, needed: bytes };
  }
  return { needed: null, recompute: wanted.recompute === 'always' ? recomputableStep(make()).segments : 0 };
}

/** The same for a step on the CPU of a machine with `total` bytes of memory. */
export function fitHost({ make, model }: StepToFit, wanted: Wanted, total = machineMemory()): Fit {
  const memory = HOST_SHARE * total;
  if (wanted.recompute !== 'always' && most(model, wanted.batch) < memory) return { needed: null, recompute: 0 };
  const { recompute } = fit(make(), wanted, { name: 'this machine', memory, bytesOf: hostBytes });
  return { needed: null, recompute };
}

/** A step that runs in pieces, and what its process holds beside them. */
export interface PiecesToFit extends StepToFit {
  readonly batch: number;
  readonly threads: number;
  /** What so many threads hold. */
  readonly heldBy: (threads: number) => HeldBatch;
}

/**
 * The same for a step in pieces, which take what they take whatever the batch is: fewer threads take less. Images of an evaluation are a
 * whole batch. Throws an `InputError` that names the threads that fit.
 */
export function fitPieces(pieces: PiecesToFit, total = machineMemory()): Fit {
  const memory = HOST_SHARE * total;
  const { make, model, batch, threads, heldBy } = pieces;
  const held = heldBy(threads);
  if (most(model, held.copies * held.images + batch, held.copies + 1) < memory) {
    return { needed: null, recompute: 0 };
  }
  const step = make();
  const evaluated = counted(model, batch);
  const bytesOf = (of: HeldBatch): number => {
    const each = counted(step, of.images);
    return (
      of.threads * ENGINE_THREAD_BYTES +
      stepBytes({
        constants: of.copies * each.constants + evaluated.constants,
        activations: of.copies * each.activations + evaluated.activations,
        convolutions: 1,
      })
    );
  };
  const needed = bytesOf(held);
  if (needed <= memory) return { needed: null, recompute: 0 };
  let fewer = threads - 1;
  while (fewer >= 1 && bytesOf(heldBy(fewer)) > memory) fewer--;
  const room = `of the ${formatBytes(memory)} of this machine`;
  if (fewer >= 1) {
    const those = fewer === 1 ? '1 thread fits' : `${fewer} threads fit`;
    throw new InputError(`a step on ${threads} threads needs ${formatBytes(needed)} ${room}; ${those}`, {
      field: 'threads',
    });
  }
  throw new InputError(
    `even on one thread a step and an evaluation need ${formatBytes(bytesOf(heldBy(1)))} ${room}; choose a smaller training.batch, detection.imageSize or base`,
    { field: 'training.batch' },
  );
}

/** Bytes; that of a container, where this runs in one. */
function machineMemory(): number {
  const limit = constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** Well above what a step of this model takes that is compiled so often, and counted in no time. */
function most({ nodes }: Graph, batch: number, copies = 1): number {
  const bindings = { [BATCH]: batch };
  const written = nodes
    .flatMap(({ outputs }) => outputs)
    .reduce((sum, { shape, dtype }) => {
      const count = elements(shape);
      return sum + bytesOf(dtype) * (typeof count === 'number' ? count : count.factor * batch);
    }, 0);
  return stepBytes({
    constants: copies * constantBytes(nodes, bindings),
    activations: BACKWARD_FACTOR * written,
    convolutions: 0,
  });
}

interface Room {
  readonly name: string;
  readonly memory: number;
  readonly bytesOf: (graph: Graph, batch: number) => number;
}

function fit(graph: Graph, { batch, recompute }: Wanted, room: Room): { recompute: number; bytes: number } {
  const plain = room.bytesOf(graph, batch);
  if (recompute !== 'always' && plain <= room.memory) return { recompute: 0, bytes: plain };
  const step = recomputableStep(graph);
  const segmentsFor = (images: number): number | undefined => {
    const fits = (written: Graph): boolean => room.bytesOf(written, images) <= room.memory;
    if (recompute === 'auto') return fewestSegments(step, fits);
    const segments = recompute === 'always' ? step.segments : 0;
    return fits(step.with(segments)) ? segments : undefined;
  };
  const segments = segmentsFor(batch);
  if (segments !== undefined) return { recompute: segments, bytes: room.bytesOf(step.with(segments), batch) };
  let smaller = Math.floor(batch / 2);
  while (smaller >= 1 && segmentsFor(smaller) === undefined) smaller = Math.floor(smaller / 2);
  const least = (images: number): number => room.bytesOf(step.with(recompute === 'never' ? 0 : step.segments), images);
  throw new InputError(refusal({ batch, smaller, needed: least(Math.max(batch, 1)), one: least(1) }, room, recompute), {
    field: 'training.batch',
  });
}

interface Refused {
  readonly batch: number;
  readonly smaller: number;
  readonly needed: number;
  readonly one: number;
}

function refusal(
  { batch, smaller, needed, one }: Refused,
  { name, memory }: Room,
  recompute: Wanted['recompute'],
): string {
  const room = `of the ${formatBytes(memory)} of ${name}`;
  const how = recompute === 'never' ? '' : ', what can be computed again being computed again';
  if (smaller < 1) return `even one image at a time needs ${formatBytes(one)} ${room}${how}; choose a smaller base`;
  const instead = `${smaller} fits, with training.accumulate ${Math.ceil(batch / smaller)} for the same updates`;
  const or = recompute === 'never' ? '; or leave out training.recompute never' : '';
  return `a batch of ${batch} needs ${formatBytes(needed)} ${room}${how}; ${instead}${or}`;
}
