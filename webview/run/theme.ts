/** The theme's colours for canvases, which know no CSS variables; they change when the user chooses another theme. */
import { signal } from '@preact/signals';
import type { Curve } from './curve.ts';

export interface ChartTheme {
  readonly text: string;
  readonly grid: string;
  readonly font: string;
  readonly lines: readonly string[];
}

/**
 * Distinct in hue, the first two for those who see few hues as well; dashes tell further ones apart. Orange is left out: most themes make
 * it a half transparent brown, since it marks matches in the minimap.
 */
const LINES = ['blue', 'yellow', 'green', 'purple', 'red'] as const;

const DASHES: readonly (readonly number[])[] = [[], [6, 4], [2, 3], [10, 3, 2, 3]];

/** How chart and legend draw a curve: measurements are dashed, and so are colours that come again. */
export function lineOf(
  { color, points }: Pick<Curve, 'color' | 'points'>,
  lines: readonly string[],
): { readonly stroke: string; readonly dash: readonly number[] } {
  const round = Math.floor(color / lines.length) + (points === true ? 1 : 0);
  return { stroke: lines[color % lines.length]!, dash: DASHES[round % DASHES.length]! };
}

function read(): ChartTheme {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string, otherwise: string): string => style.getPropertyValue(name).trim() || otherwise;
  const text = of('--vscode-foreground', '#808080');
  return {
    text,
    // Lines to measure by, not to look at, in high contrast too.
    grid: `color-mix(in srgb, ${text} 18%, transparent)`,
    font: `11px ${of('--vscode-font-family', 'sans-serif')}`,
    lines: LINES.map((name) => of(`--vscode-charts-${name}`, text)),
  };
}

export const theme = signal(read());

new MutationObserver(() => {
  const now = read();
  if (JSON.stringify(now) !== JSON.stringify(theme.peek())) theme.value = now;
}).observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'], subtree: false });
new MutationObserver(() => {
  theme.value = read();
}).observe(document.body, { attributes: true, attributeFilter: ['class'] });
