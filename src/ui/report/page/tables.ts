/** Parts of pages. */

import { type Html, type HtmlValue, markup } from "./html.ts";

/** A column of a table. */
export interface Column<Row> {
  title: string;
  isNumber?: true;
  value(row: Row): HtmlValue;
}

/** Returns a table with a caption; nothing without rows. */
export function table<Row>(caption: string, rows: readonly Row[], columns: readonly Column<Row>[]): Html {
  if (rows.length === 0) return markup``;
  const kind = ({ isNumber }: Column<Row>) => isNumber && markup` class="number"`;
  const heads = columns.map((column) => markup`<th scope="col"${kind(column)}>${column.title}</th>`);
  const cells = (row: Row) => columns.map((column) => markup`<td${kind(column)}>${column.value(row)}</td>`);
  return markup`<div class="scroll">
<table>
<caption>${caption}</caption>
<thead><tr>${heads}</tr></thead>
<tbody>
${rows.map((row) => markup`<tr>${cells(row)}</tr>\n`)}</tbody>
</table>
</div>
`;
}

/** Returns a list of terms. Terms without a value are omitted. */
export function terms(entries: readonly (readonly [term: string, value: HtmlValue])[]): Html {
  const shown = entries.filter(([, value]) => value !== undefined && value !== "" && value !== false);
  return markup`<dl>${shown.map(([term, value]) => markup`<dt>${term}</dt><dd>${value}</dd>\n`)}</dl>`;
}

/** Returns a section with a heading; nothing if all its contents are empty. */
export function section(title: string, ...contents: Html[]): Html {
  const shown = contents.filter(({ text }) => text !== "");
  return shown.length === 0 ? markup`` : markup`<section><h2>${title}</h2>\n${shown}</section>\n`;
}

/** Returns a list; nothing without items. */
export function list(items: readonly string[]): Html {
  return items.length === 0 ? markup`` : markup`<ul>${items.map((item) => markup`<li>${item}</li>\n`)}</ul>`;
}

/** Returns a word of a command line, or a path. */
export function code(text: string): Html {
  return markup`<code>${text}</code>`;
}

/** Returns the result of a run, its first line in bold. */
export function verdict([first, ...more]: readonly string[], { isBad }: { isBad: boolean }): Html {
  return markup`<div class="result${isBad && markup` bad`}">
<p><strong>${first}</strong></p>
${more.map((line) => markup`<p>${line}</p>\n`)}</div>
`;
}
