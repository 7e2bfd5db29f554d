/** One annotation of Pascal VOC: the size of an image, and the name and the corners in pixels of each object in it. */
import { SaxesParser } from 'saxes';
import { printable } from '../../formats/printable.ts';
import { InputError } from '../../shared/errors.ts';

export interface VocObject {
  readonly line: number;
  readonly name: string;
  /** Pixels, the first and the last one of the object counted from 1. */
  readonly xmin: number;
  readonly ymin: number;
  readonly xmax: number;
  readonly ymax: number;
}

export interface VocAnnotation {
  readonly filename: string | undefined;
  readonly width: number;
  readonly height: number;
  readonly objects: readonly VocObject[];
}

/** Deeper than any annotation: parts of objects have boxes too, which are not read. */
const MAX_DEPTH = 16;

/** Throws an `InputError` naming file and line. */
export function parseVoc(text: string, file: string): VocAnnotation {
  const parser = new SaxesParser();
  const way: string[] = [];
  const root: Record<string, string> = {};
  const objects: { line: number; fields: Record<string, string> }[] = [];
  let content = '';
  const fail = (reason: string): never => {
    throw new InputError(reason, { file, line: parser.line });
  };
  parser.on('error', ({ message }) => fail(`invalid XML: ${printable(message.replace(/^\d+:\d+: /, ''))}`));
  parser.on('opentag', ({ name }) => {
    way.push(name);
    if (way.length > MAX_DEPTH) fail('nested too deeply');
    content = '';
    if (way.join('/') === 'annotation/object') objects.push({ line: parser.line, fields: {} });
  });
  parser.on('text', (part) => {
    content += part;
  });
  parser.on('closetag', () => {
    const path = way.join('/');
    way.pop();
    const inObject = /^annotation\/object\/(?:bndbox\/)?(\w+)$/.exec(path);
    if (inObject !== null) objects.at(-1)!.fields[inObject[1]!] ??= content.trim();
    else root[path] ??= content.trim();
    content = '';
  });
  parser.write(text).close();
  const number = (value: string | undefined, what: string, line?: number): number => {
    const parsed = value === undefined || value === '' ? NaN : Number(value);
    if (Number.isFinite(parsed)) return parsed;
    const said = value === undefined ? 'is missing' : `is "${printable(value)}", which is no number`;
    throw new InputError(`${what} ${said}`, { file, ...(line !== undefined && { line }) });
  };
  const size = (side: 'width' | 'height'): number => {
    const value = number(root[`annotation/size/${side}`], side);
    if (value > 0) return value;
    throw new InputError(`the ${side} of the image is ${value}; write its pixels`, { file });
  };
  return {
    filename: root['annotation/filename'],
    width: size('width'),
    height: size('height'),
    objects: objects.map(({ line, fields }) => {
      const name = fields['name'] ?? '';
      if (name === '') throw new InputError('an object without a name', { file, line });
      const at = (key: string): number => number(fields[key], key, line);
      return { line, name: printable(name), xmin: at('xmin'), ymin: at('ymin'), xmax: at('xmax'), ymax: at('ymax') };
    }),
  };
}
