/** Horizontal bars. They need no script. */

import { type Html, markup } from "./html.ts";

const WIDTH = 1000;
const LABELS = 250;
const ROW = 22;
const BAR = 12;
/** Space for the text after the longest bar. */
const AFTER = 150;

/** A bar. Start and length have the unit of the caller. */
export interface Bar {
  label: string;
  start: number;
  length: number;
  /** Text after the bar. */
  text: string;
}

/** Returns the bars; nothing without any. @param end end of the scale. */
export function barChart({ title, note }: { title: string; note: string }, bars: readonly Bar[], end: number): Html {
  if (bars.length === 0) return markup``;
  const scale = (WIDTH - LABELS - AFTER) / Math.max(end, 0.001);
  const drawn = bars.map(({ label, start, length, text }, at) => {
    const left = LABELS + start * scale;
    const width = Math.max(2, length * scale);
    const middle = at * ROW + ROW / 2;
    const [top, line] = [middle - BAR / 2, middle + 4];
    return markup`<text x="0" y="${line}">${label}</text>
<rect class="bar" x="${rounded(left)}" y="${top}" width="${rounded(width)}" height="${BAR}"/>
<text class="soft" x="${rounded(left + width + 6)}" y="${line}">${text}</text>
`;
  });
  return markup`<figure>
<figcaption>${title}<small>${note}</small></figcaption>
<svg viewBox="0 0 ${WIDTH} ${bars.length * ROW}" width="100%" role="img" aria-label="${title}, as in the table below">
${drawn}</svg>
</figure>
`;
}

function rounded(value: number): string {
  return value.toFixed(1);
}
