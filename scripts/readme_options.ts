/** The part of README.md that lists the options, made from their table. */

import { type Flag, SECTIONS } from "../src/cli/options/flag.ts";
import { FLAGS } from "../src/cli/options/flags.ts";
import { describeFlag } from "../src/cli/help.ts";

export const BEGIN = "<!-- options: written by deno task docs -->";
export const END = "<!-- end of options -->";

/** The README with the list of options as it is today. @throws when it has no place for it. */
export function withOptions(readme: string): string {
  const start = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (start < 0 || end < start) throw new Error(`README.md must have the lines ${BEGIN} and ${END}`);
  return readme.slice(0, start + BEGIN.length) + "\n\n" + optionTables() + "\n" + readme.slice(end);
}

/** A table for each section, aligned as `deno fmt` does. */
function optionTables(): string {
  const all: readonly Flag[] = FLAGS;
  return SECTIONS.map((section) => {
    const rows = all.filter((flag) => flag.section === section && !flag.hidden).map(row);
    return `**${section}**\n\n${table([["option", "what it does"], ...rows])}`;
  }).join("\n");
}

function row(flag: Flag): [string, string] {
  const value = flag.argument ? ` ${flag.argument}` : "";
  const short = flag.short ? `\`-${flag.short}\`, ` : "";
  return [`${short}\`--${flag.name}${value}\``, escapeMarkdown(describeFlag(flag))];
}

function table(rows: readonly (readonly [string, string])[]): string {
  const [left, right] = [0, 1].map((column) => Math.max(...rows.map((cells) => cells[column].length)));
  const lines = rows.map(([a, b]) => `| ${a.padEnd(left)} | ${b.padEnd(right)} |`);
  lines.splice(1, 0, `| ${"-".repeat(left)} | ${"-".repeat(right)} |`);
  return lines.join("\n") + "\n";
}

function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*|<>[\]]/g, "\\$&");
}
