/** The parts of src/cli/MANUAL.md that come from the table of options and the texts of the manual page. */

import { describeFlag, flagsOf, valueOf } from "../src/cli/help/describe_flag.ts";
import { ENVIRONMENT, EXIT_MEANINGS, FILES, RUNTIME_MEANINGS } from "../src/cli/help/texts.ts";
import { TASK_EVENTS } from "../src/ui/json/json_schema.ts";
import { type Flag, SECTIONS } from "../src/cli/options/flag.ts";

type Row = readonly [left: string, right: string];

/** Writers of the text between `<!-- NAME: written by deno task docs -->` and `<!-- end of NAME -->`. */
const PARTS: Record<string, () => string> = {
  "options": optionTables,
  "exit status": exitStatusTable,
  "JSON events": eventTables,
  "environment": () => table(["variable", "meaning"], ENVIRONMENT.map(codeRow)),
  "files": () => table(["file", "meaning"], FILES.map(codeRow)),
};

function exitStatusTable(): string {
  const meanings = [...EXIT_MEANINGS, ...RUNTIME_MEANINGS].toSorted(([a], [b]) => a - b);
  return table(["status", "meaning"], meanings.map(([status, text]) => [String(status), text]));
}

/** Returns the manual with its generated parts up to date. @throws {Error} if the manual lacks the lines around a part. */
export function withTables(manual: string): string {
  let text = manual;
  for (const [name, write] of Object.entries(PARTS)) {
    const begin = `<!-- ${name}: written by deno task docs -->`;
    const end = `<!-- end of ${name} -->`;
    const [start, stop] = [text.indexOf(begin), text.indexOf(end)];
    if (start < 0 || stop < start) throw new Error(`The manual must have the lines ${begin} and ${end}`);
    text = `${text.slice(0, start + begin.length)}\n\n${write()}\n${text.slice(stop)}`;
  }
  return text;
}

function optionTables(): string {
  return SECTIONS.map((section) => `### ${section}\n\n${table(["option", "meaning"], flagsOf(section).map(optionRow))}`)
    .join("\n");
}

function optionRow(flag: Flag): Row {
  const value = valueOf(flag);
  const short = flag.short ? `\`-${flag.short}\`, ` : "";
  return [`${short}\`--${flag.name}${value ? ` ${value}` : ""}\``, describeFlag(flag)];
}

function eventTables(): string {
  return TASK_EVENTS.map(({ title, forms }) => {
    const rows = forms.flatMap(({ event, when, fields }): Row[] => [
      [`\`${event}\``, when],
      ...Object.entries(fields).map(([name, { help, optional }]): Row => [
        `\`${event}.${name}\`${optional ? " (optional)" : ""}`,
        help,
      ]),
    ]);
    return `### ${title}\n\n${table(["event and fields", "meaning"], rows)}`;
  }).join("\n");
}

function codeRow([left, right]: Row): Row {
  return [`\`${left}\``, right];
}

/** Returns a table that is aligned as by `deno fmt`. */
function table(head: Row, rows: readonly Row[]): string {
  const cells: Row[] = [head, ...rows.map(([left, right]) => [left, escapeMarkdown(right)] as const)];
  const [left, right] = [0, 1].map((column) => Math.max(...cells.map((row) => row[column].length)));
  const lines = cells.map(([a, b]) => `| ${a.padEnd(left)} | ${b.padEnd(right)} |`);
  lines.splice(1, 0, `| ${"-".repeat(left)} | ${"-".repeat(right)} |`);
  return lines.join("\n") + "\n";
}

function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*|<>[\]]/g, "\\$&");
}
