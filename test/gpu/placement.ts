/** Which nodes of a training step ONNX Runtime computes on the CPU though it was given a GPU, by its own profile. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../../src/engines/engine.ts';
import type { Precision } from '../../src/trainer/precision.ts';
import { stepOf } from './curves.ts';

/** What computes shapes lies on the CPU, where ONNX Runtime wants them. */
const OF_SHAPES = new Set(['Shape', 'Concat', 'Mul', 'MemcpyToHost', 'MemcpyFromHost']);
/** Vectors of lengths are shorter than any tensor of a step. */
const MAX_SHAPE_BYTES = 256;

interface ProfileEvent {
  readonly cat?: string;
  readonly name?: string;
  readonly args?: { readonly provider?: string; readonly op_name?: string; readonly output_size?: string };
}

/** Operators with the number of their nodes, those of shapes left out. */
export async function fallbacks(model: string, engine: Engine, precision: Precision): Promise<Map<string, number>> {
  const { graph, feeds } = await stepOf(model, precision);
  const folder = mkdtempSync(join(tmpdir(), 'lowrank-profile-'));
  try {
    const program = await engine.compile(graph, { profileTo: join(folder, 'step') });
    await program.run(feeds);
    (program as unknown as { endProfiling(): void }).endProfiling();
    await program.release();
    const [file] = readdirSync(folder);
    return onCpu(JSON.parse(readFileSync(join(folder, file!), 'utf8')) as ProfileEvent[]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function onCpu(events: readonly ProfileEvent[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { cat, name, args } of events) {
    const operator = args?.op_name ?? '';
    if (cat !== 'Node' || name?.endsWith('_kernel_time') !== true || args?.provider !== 'CPUExecutionProvider')
      continue;
    if (OF_SHAPES.has(operator) && Number(args.output_size ?? 0) <= MAX_SHAPE_BYTES) continue;
    counts.set(operator, (counts.get(operator) ?? 0) + 1);
  }
  return counts;
}
