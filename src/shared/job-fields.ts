/** The fields of a job by their dotted paths, taken from its schema: what flags and `--set` may name. */
import * as z from 'zod';
import { jobSchema } from './job.ts';

/** What is used of JSON Schema. */
export interface SchemaNode {
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
  readonly anyOf?: readonly SchemaNode[];
}

export interface JobField {
  readonly path: string;
  readonly description: string;
  readonly fallback: unknown;
  readonly schema: SchemaNode;
}

let fields: ReadonlyMap<string, JobField> | undefined;

/** Leaves alone: a field that is itself an object of fields is told by them. Made at the first use, since it takes a while. */
export function jobFields(): ReadonlyMap<string, JobField> {
  return (fields ??= new Map(
    leavesOf(z.toJSONSchema(jobSchema, { io: 'input' }) as SchemaNode, '').map((field) => [field.path, field]),
  ));
}

function leavesOf({ properties = {} }: SchemaNode, prefix: string): JobField[] {
  return Object.entries(properties).flatMap(([name, node]) => {
    const path = `${prefix}${name}`;
    if (node.properties !== undefined) return leavesOf(node, `${path}.`);
    return [{ path, description: node.description ?? '', fallback: node.default, schema: node }];
  });
}
