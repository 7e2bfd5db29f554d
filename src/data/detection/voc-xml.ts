/** One annotation of Pascal VOC: the size of an image, and the name and the corners in pixels of each object in it. */
import { SaxesParser } from 'saxes';
import { printable } from '../../formats/printable.ts';
import { InputError } from '../../shared/errors.ts';

export interface VocObject {
  readonly line: number;
  readonly name: string;
  /** Whoever drew the box could hardly tell what it holds: neither trained nor scored, as by VOC's own rules. */
  readonly difficult: boolean;
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

/** Bytes in which a declaration stands. */
const MAX_DECLARATION = 200;
/** Deeper than any annotation: parts of objects have boxes too, which are not read. */
const MAX_DEPTH = 16;

/** What the first line of an XML file declares: `<?xml version="1.0" encoding="GB2312"?>`. */
export function declaredEncoding(bytes: Uint8Array): string | undefined {
  const start = String.fromCharCode(...bytes.subarray(0, MAX_DECLARATION));
  const [, encoding] = /^(?:\xef\xbb\xbf)?<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]+)["']/.exec(start) ?? [];
  // A text of which these bytes can be read is in no encoding of two bytes a letter.
  return encoding === undefined || /^utf-?16/i.test(encoding) ? undefined : encoding;
}

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
      const difficult = fields['difficult'] === '1' || fields['difficult']?.toLowerCase() === 'true';
      return {
        line,
        name: printable(name),
        difficult,
        xmin: at('xmin'),
        ymin: at('ymin'),
        xmax: at('xmax'),
        ymax: at('ymax'),
      };
    }),
  };
}
