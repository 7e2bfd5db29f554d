/**
 * The second language is complete: every text that the host or a view shows has a translation, none is left over, and what a text is
 * filled with stands in both. Texts are found as `vscode.l10n` finds them: the literal that `l10n.t` (host) or `t` (views) is called with.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { type FormField, JOB_FORMS } from '../../../src/shared/job-form.ts';

const ROOT = new URL('../../../', import.meta.url);

/** Words that are the same in both languages; any other equal text was forgotten. */
const SAME = new Set([
  '{0} ms',
  '{0} of {1}',
  'Adapter',
  'Alpha',
  'CPU',
  'DoRA',
  'Dropout',
  'Engine',
  'gaussian',
  'kaiming',
  'linear',
  'LoRA',
  'Name',
  'Norm',
  'pissa',
  'rsLoRA',
  'Seed',
  'Threads',
  'Training',
  'XLA',
]);

/** The one view that shows texts it does not hold: those of the job's schema. */
const SHOWS_FORM = 'webview/job/field.tsx';

interface Found {
  readonly texts: Set<string>;
  /** Calls whose text cannot be extracted, as `file:line`. */
  readonly computed: string[];
}

function textsOf(folder: string, isTranslator: (callee: ts.Expression) => boolean): Found {
  const found: Found = { texts: new Set(), computed: [] };
  const files = readdirSync(fileURLToPath(new URL(folder, ROOT)), { recursive: true, encoding: 'utf8' });
  for (const name of files.filter((file) => /\.tsx?$/.test(file))) {
    const path = `${folder}/${name.replaceAll('\\', '/')}`;
    const file = ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && isTranslator(node.expression)) {
        const key = keyOf(node.arguments[0]);
        if (key !== undefined) found.texts.add(key);
        else found.computed.push(`${path}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`);
      }
      ts.forEachChild(node, visit);
    };
    visit(file);
  }
  return found;
}

/** The key of a text in the bundle: itself, with its comment where it has one. */
function keyOf(text: ts.Expression | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (ts.isStringLiteralLike(text)) return text.text;
  if (!ts.isObjectLiteralExpression(text)) return undefined;
  const message = keyOf(valueOf(text, 'message'));
  const comment = valueOf(text, 'comment');
  if (message === undefined || comment === undefined) return message;
  const parts = ts.isArrayLiteralExpression(comment) ? comment.elements.map(keyOf) : [keyOf(comment)];
  return `${message}/${parts.join('')}`;
}

function valueOf(object: ts.ObjectLiteralExpression, name: string): ts.Expression | undefined {
  const property = object.properties.find((one) => one.name?.getText() === name);
  return property !== undefined && ts.isPropertyAssignment(property) ? property.initializer : undefined;
}

function textsOfForm(): string[] {
  const fields = Object.values(JOB_FORMS).flatMap((form) =>
    form.flatMap((section) => [...section.fields, ...section.details]),
  );
  return fields.flatMap((field) => [field.label, field.help, ...optionsOf(field)]);
}

function optionsOf({ id, control }: FormField): readonly string[] {
  // The view has words of its own for the methods.
  return control.kind === 'choice' && id !== 'method' ? control.options : [];
}

function read(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}

function bundle(path: string): Readonly<Record<string, string>> {
  return JSON.parse(read(path)) as Record<string, string>;
}

/** What must stand in both: values, icons, links to commands. */
function partsOf(text: string): string[] {
  return text.match(/\{\w+\}|\$\([\w-]+\)|\(command:[^)]*\)/g)?.toSorted() ?? [];
}

/** A label that opens a dialog ends in `…`, one before a value in `:`, a sentence in `.`. */
function endOf(text: string): string {
  return /[.…:;,!?)]*$/.exec(text)![0];
}

const host = textsOf('src/extension', (callee) => /(^|\.)l10n\.t$/.test(callee.getText()));
const views = textsOf('webview', (callee) => callee.getText() === 't');
const shown = new Set([...host.texts, ...views.texts, ...textsOfForm()]);
const german = bundle('l10n/bundle.l10n.de.json');
const manifest = bundle('package.nls.json');
const germanManifest = bundle('package.nls.de.json');
const inBoth = [
  ...Object.entries(german),
  ...Object.entries(manifest).map(([key, text]) => [text, germanManifest[key] ?? ''] as const),
];

describe('the texts', () => {
  it('are found in both places', () => {
    expect(host.texts).toContain('Training starts only in a trusted workspace.');
    expect(views.texts).toContain('Start Training');
    expect(shown).toContain('Batch size');
  });

  it('are literals, so that they can be extracted', () => {
    expect(host.computed).toEqual([]);
    expect(views.computed.filter((place) => !place.startsWith(SHOWS_FORM))).toEqual([]);
  });
});

describe('in German', () => {
  it('every text has a translation', () => {
    expect([...shown].filter((text) => german[text] === undefined)).toEqual([]);
    expect(Object.keys(manifest).filter((key) => germanManifest[key] === undefined)).toEqual([]);
  });

  it('no translation is left over', () => {
    expect(Object.keys(german).filter((text) => !shown.has(text))).toEqual([]);
    expect(Object.keys(germanManifest).filter((key) => manifest[key] === undefined)).toEqual([]);
  });

  it('a text is filled with the same', () => {
    expect(inBoth.filter(([text, translated]) => partsOf(text).join() !== partsOf(translated).join())).toEqual([]);
  });

  it('a text ends as it does in English', () => {
    expect(inBoth.filter(([text, translated]) => endOf(text) !== endOf(translated))).toEqual([]);
  });

  it('none was left in English', () => {
    expect(inBoth.filter(([text, translated]) => text === translated && !SAME.has(text))).toEqual([]);
  });
});
