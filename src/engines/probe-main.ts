/** `node probe.js ENGINE`: tries an engine in a process of its own and prints what it does as one line of JSON. */
import { matmul } from '../graph/build.ts';
import { createGraph } from '../graph/registry.ts';
import { float32 } from '../graph/tensor.ts';
import { messageOf } from '../shared/errors.ts';
import { measureUnknown } from './calibrate.ts';
import { chooseEngine } from './choose.ts';
import type { ProbeResult } from './probe-result.ts';
import { physicalCores } from './threads.ts';

async function probe(name: string): Promise<ProbeResult> {
  try {
    const engine = chooseEngine(name);
    const graph = createGraph();
    graph.output('y', matmul(graph.input('a', [1, 2]), graph.input('b', [2, 1])));
    const program = await engine.compile(graph);
    const { y } = await program.run({ a: float32([1, 2], [1, 2]), b: float32([2, 1], [3, 4]) });
    await program.release();
    if (y!.data[0] !== 11) return { usable: false, reason: `it computes 1·3 + 2·4 as ${String(y!.data[0])}` };
    return { usable: true, rates: await measureUnknown(engine, physicalCores()) };
  } catch (error) {
    return { usable: false, reason: messageOf(error) };
  }
}

process.stdout.write(`${JSON.stringify(await probe(process.argv[2] ?? ''))}\n`);
// A library's own threads must not keep the process.
process.exit();
