/**
 * A number chosen among usual stops with a native range input, or written freely beside it. `onInput` follows the pointer and costs
 * nothing but what the view makes of it; `onChange` comes once, when the slider is let go or the text is done.
 */
import type { ComponentChildren, VNode } from 'preact';
import { useId, useState } from 'preact/hooks';
import { nearestStop, numberIn } from './slider-stops.ts';

interface SliderProps {
  readonly label: string;
  readonly value: number;
  /** Ascending. */
  readonly stops: readonly number[];
  /** What may be written freely. */
  readonly least: number;
  readonly most: number;
  /** Whole numbers alone. */
  readonly whole?: boolean;
  readonly onInput: (value: number) => void;
  readonly onChange: (value: number) => void;
  readonly disabled?: boolean;
  readonly help?: string;
  /** Beside the label, for instance a checkbox that links two sliders. */
  readonly children?: ComponentChildren;
}

export function Slider(props: SliderProps): VNode {
  const {
    label,
    value,
    stops,
    least,
    most,
    whole = false,
    onInput,
    onChange,
    disabled = false,
    help,
    children,
  } = props;
  const id = useId();
  /** What is being written, while it is; null otherwise. */
  const [text, setText] = useState<string | null>(null);
  const written = text === null ? value : numberIn(text, { least, most, whole });
  const at = (event: { currentTarget: HTMLInputElement }): number => stops[event.currentTarget.valueAsNumber] ?? value;
  const finish = (): void => {
    if (text === null) return;
    setText(null);
    if (written === undefined) onInput(value);
    else onChange(written);
  };
  return (
    <div class="slider">
      <div class="slider-head">
        <label for={id}>{label}</label>
        {children}
      </div>
      <div class="slider-row">
        <input
          id={id}
          class="range"
          type="range"
          min={0}
          max={stops.length - 1}
          step={1}
          style={{ '--at': `${(100 * nearestStop(stops, value)) / (stops.length - 1)}%` }}
          value={nearestStop(stops, value)}
          disabled={disabled}
          aria-valuetext={String(value)}
          aria-describedby={help === undefined ? undefined : `${id}-help`}
          onInput={(event) => {
            onInput(at(event));
          }}
          onChange={(event) => {
            onChange(at(event));
          }}
        />
        <input
          class={written === undefined ? 'entry invalid' : 'entry'}
          type="text"
          inputMode={whole ? 'numeric' : 'decimal'}
          aria-label={label}
          aria-invalid={written === undefined}
          title={`${least} – ${most}`}
          disabled={disabled}
          value={text ?? String(value)}
          onInput={(event) => {
            const now = event.currentTarget.value;
            setText(now);
            const number = numberIn(now, { least, most, whole });
            if (number !== undefined) onInput(number);
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter') finish();
            if (event.key === 'Escape' && text !== null) {
              setText(null);
              onInput(value);
            }
          }}
          onBlur={finish}
        />
      </div>
      {help !== undefined && (
        <p class="help" id={`${id}-help`}>
          {help}
        </p>
      )}
    </div>
  );
}
