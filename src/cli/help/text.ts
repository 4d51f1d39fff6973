import { type Flag, SECTIONS } from "../options/flag.ts";
import { type FlagName, FLAGS } from "../options/flags.ts";
import { describeFlag, flagsOf, valueOf } from "./describe_flag.ts";
import { wrapText } from "../../ui/wrap_text.ts";
import { DESCRIPTION, EXAMPLES, EXIT_MEANINGS, INTRODUCTION, USAGE } from "./texts.ts";

const WIDTH = 80;
/** Column of the descriptions in the complete list. */
const WIDE = 28;
/** Column of the descriptions in the short list, whose options have short names. */
const NARROW = 24;

/** The options of the short page, in its order. */
const COMMON = [
  "recursive",
  "preserve",
  "archive",
  "update",
  "dry-run",
  "exclude",
  "verify",
  "compress",
  "limit",
  "streams",
  "quiet",
  "verbose",
  "port",
  "identity",
  "jump",
  "batch",
  "tunnel",
  "doctor",
  "install",
  "clean",
  "version",
] as const satisfies readonly FlagName[];

/** Returns the text of `escp --help`: the common options, at most 80 columns wide. */
export function shortHelp(): string {
  const flags = COMMON.map((name) => FLAGS.find((flag) => flag.name === name)!);
  return [
    `Usage: ${USAGE}\n`,
    INTRODUCTION,
    examples(),
    `Options:\n${flags.map((flag) => row(flag, flag.help, NARROW)).join("")}`,
    exitStatus(),
    "escp --help all lists every option. escp --man | man -l - shows the manual page.\n",
  ].join("\n");
}

/** Returns the text of `escp --help all`: every option that is not hidden, at most 80 columns wide. */
export function fullHelp(): string {
  const sections = SECTIONS.map((section) =>
    `${section}:\n${flagsOf(section).map((flag) => row(flag, describeFlag(flag), WIDE)).join("")}`
  );
  const description = DESCRIPTION.map((paragraph) => wrapText(paragraph, WIDTH).join("\n") + "\n");
  return [`Usage: ${USAGE}\n`, ...description, ...sections, examples(), exitStatus()].join("\n");
}

function row(flag: Flag, help: string, column: number): string {
  const short = flag.short ? `-${flag.short}, ` : "    ";
  const value = valueOf(flag);
  const left = `  ${short}--${flag.name}${value ? ` ${value}` : ""}`;
  const lines = wrapText(help, WIDTH - column);
  const indent = " ".repeat(column);
  const fits = left.length <= column - 2;
  const first = fits ? left.padEnd(column) + lines.shift() : left;
  return [first, ...lines.map((line) => indent + line)].join("\n") + "\n";
}

function examples(): string {
  const width = Math.max(...EXAMPLES.map(([command]) => command.length));
  return "Examples:\n" + EXAMPLES.map(([command, meaning]) => `  ${command.padEnd(width)}  ${meaning}\n`).join("");
}

function exitStatus(): string {
  const rows = EXIT_MEANINGS.map(([status, meaning]) => `  ${String(status).padEnd(4)} ${firstSentence(meaning)}\n`);
  return "Exit status:\n" + rows.join("");
}

function firstSentence(text: string): string {
  return text.replace(/\.( .*)?$/s, "").split(". ")[0];
}
