/** The ops by name, and graphs that know them. */
import type { OpDefinition } from './define.ts';
import { Graph } from './ir.ts';
import { OPS } from './ops/index.ts';

const byName = new Map(OPS.map((op) => [op.name, op]));

export function lookUp(name: string): OpDefinition {
  const op = byName.get(name);
  if (op === undefined) throw new Error(`there is no op ${name}; it is missing from src/graph/ops/index.ts`);
  return op;
}

export function createGraph(): Graph {
  return new Graph((op) => lookUp(op).shape);
}
