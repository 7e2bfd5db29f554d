/**
 * The controls of `@vscode/webview-ui-toolkit` as Preact components. No other file knows the toolkit, so that its successor can take
 * its place; sliders and trees, which it does not have, are our own (slider.tsx, tree.tsx).
 */
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeLink,
  vsCodeOption,
  vsCodeProgressRing,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';
import { type ComponentChildren, h, type VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

provideVSCodeDesignSystem().register(
  vsCodeButton(),
  vsCodeCheckbox(),
  vsCodeDropdown(),
  vsCodeLink(),
  vsCodeOption(),
  vsCodeProgressRing(),
  vsCodeTextField(),
);

/** Its accessible name and what explains it, as every control has them. */
interface Named {
  readonly id?: string;
  /** The accessible name, where no text inside the control gives it. */
  readonly label?: string;
  readonly disabled?: boolean;
  readonly title?: string;
}

/** Attributes and listeners of a custom element; undefined ones are left away, since Preact would write `undefined` properties. */
function element(tag: string, attributes: Readonly<Record<string, unknown>>, children?: ComponentChildren): VNode {
  const present = Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
  return h(tag as 'div', present, children);
}

function named({ id, label, disabled, title }: Named): Record<string, unknown> {
  return { id, title, 'aria-label': label, disabled: disabled ?? false };
}

interface ButtonProps extends Named {
  readonly children: ComponentChildren;
  readonly onClick: () => void;
  /** `icon` is for a single codicon or glyph. */
  readonly look?: 'primary' | 'secondary' | 'icon';
}

/** A push button. A disabled one still needs its reason beside it: nothing hovers on a touch screen. */
export function Button({ children, onClick, look = 'secondary', ...rest }: ButtonProps): VNode {
  return element('vscode-button', { ...named(rest), appearance: look, onClick }, children);
}

interface TextFieldProps extends Named {
  readonly value: string;
  readonly placeholder?: string;
  /** With each key. */
  readonly onInput?: (value: string) => void;
  /** When the text is done: Enter, or the focus leaves. */
  readonly onChange?: (value: string) => void;
  readonly invalid?: boolean;
}

/** One line of text. */
export function TextField({ value, placeholder, onInput, onChange, invalid, ...rest }: TextFieldProps): VNode {
  const ref = useRef<HTMLElement | null>(null);
  const { label } = rest;
  // Once it is in the page, the toolkit calls every text field "Text field".
  useLayoutEffect(() => {
    if (label !== undefined) ref.current?.setAttribute('aria-label', label);
  }, [label]);
  const told = (tell: ((value: string) => void) | undefined) =>
    tell === undefined
      ? undefined
      : (event: Event) => {
          tell(valueOf(event));
        };
  return element('vscode-text-field', {
    ...named(rest),
    ref,
    class: invalid === true ? 'wide invalid' : 'wide',
    value,
    placeholder,
    onInput: told(onInput),
    onChange: told(onChange),
  });
}

export interface Option {
  readonly value: string;
  readonly label: string;
}

interface DropdownProps extends Named {
  readonly value: string;
  readonly options: readonly Option[];
  readonly onChange: (value: string) => void;
}

/** One of a few options. */
export function Dropdown({ value, options, onChange, ...rest }: DropdownProps): VNode {
  const ref = useRef<(HTMLElement & { value: string }) | null>(null);
  // The options are slotted in after the element is made: a value set before that is forgotten.
  useEffect(() => {
    const frame = requestAnimationFrame(() => {
      if (ref.current !== null && ref.current.value !== value) ref.current.value = value;
    });
    return () => {
      cancelAnimationFrame(frame);
    };
  }, [value, options]);
  const changed = (event: Event): void => {
    const chosen = valueOf(event);
    if (chosen !== value) onChange(chosen);
  };
  return element(
    'vscode-dropdown',
    { ...named(rest), class: 'wide', ref, onChange: changed },
    options.map((option) => h('vscode-option', { key: option.value, value: option.value }, option.label)),
  );
}

interface CheckboxProps extends Named {
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly children: ComponentChildren;
}

/** Yes or no, with its text. */
export function Checkbox({ checked, onChange, children, ...rest }: CheckboxProps): VNode {
  const changed = (event: Event): void => {
    const now = (event.currentTarget as HTMLElement & { checked: boolean }).checked;
    // The toolkit reports what is set by program, too.
    if (now !== checked) onChange(now);
  };
  return element('vscode-checkbox', { ...named(rest), checked, onChange: changed }, children);
}

interface LinkProps extends Named {
  readonly children: ComponentChildren;
  readonly onClick: () => void;
}

/** A link that the host follows. It is a button that looks like a link, since it has no address of its own. */
export function Link({ children, onClick, label, title, id, disabled }: LinkProps): VNode {
  return element(
    'button',
    { type: 'button', class: 'link', 'aria-label': label, title, id, disabled, onClick },
    children,
  );
}

/** Something goes on whose end is not known. */
export function ProgressRing({ label }: { readonly label: string }): VNode {
  return element('vscode-progress-ring', { class: 'ring', 'aria-label': label, role: 'progressbar' });
}

function valueOf(event: Event): string {
  return (event.currentTarget as HTMLElement & { value: string }).value;
}
