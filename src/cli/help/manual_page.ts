import { VERSION } from "../version.ts";
import { type Flag, SECTIONS } from "../options/flag.ts";
import { describeFlag, flagsOf, valueOf } from "./describe_flag.ts";
import { DESCRIPTION, ENVIRONMENT, EXAMPLES, EXIT_MEANINGS, FILES, SUMMARY, USAGE } from "./texts.ts";

/** Returns the manual page escp(1), in the macros of man(7). `escp --man | man -l -` shows it. */
export function manualPage(): string {
  return [
    '.\\" Made by "escp --man".',
    `.TH ESCP 1 "" "escp ${VERSION}" "User Commands"`,
    ".SH NAME",
    `escp \\- ${escapeRoff(SUMMARY)}`,
    ".SH SYNOPSIS",
    synopsis(),
    ".SH DESCRIPTION",
    DESCRIPTION.map(escapeRoff).join("\n.PP\n"),
    ".SH OPTIONS",
    ...SECTIONS.flatMap((section) => [`.SS ${escapeRoff(section)}`, ...flagsOf(section).map(option)]),
    ".SH EXIT STATUS",
    ...EXIT_MEANINGS.map(([status, meaning]) => tagged("B", String(status), meaning)),
    ".SH ENVIRONMENT",
    ...ENVIRONMENT.map(([name, meaning]) => tagged("B", name, meaning)),
    ".SH FILES",
    ...FILES.map(([path, meaning]) => tagged("I", path, meaning)),
    ".SH EXAMPLES",
    ...EXAMPLES.map(([command, meaning]) =>
      `.PP\n${escapeRoff(meaning)}:\n.PP\n.RS\n.EX\n${escapeRoff(command)}\n.EE\n.RE`
    ),
    ".SH SEE ALSO",
    ".BR ssh (1),\n.BR scp (1),\n.BR ssh_config (5),\n.BR rsync (1)",
  ].join("\n") + "\n";
}

/** The usage line: its first word in bold, words in capitals in italics. */
function synopsis(): string {
  const [command, ...words] = USAGE.split(" ");
  const rest = words.map((word) => word.replace(/[A-Z]+/, "\\fI$&\\fR").replace("...", "\\&...\\&")).join(" ");
  return `.B ${command}\n${rest}`;
}

/** A paragraph with a tag in the font `macro`. */
function tagged(macro: "B" | "I", tag: string, text: string): string {
  return `.TP\n.${macro} ${escapeRoff(tag)}\n${escapeRoff(text)}`;
}

function option(flag: Flag): string {
  const value = valueOf(flag);
  const names = [flag.short && `-${flag.short}`, `--${flag.name}`].filter((name) => name !== undefined);
  const shown = names.map((name) => `\\fB${escapeRoff(name)}\\fR`).join(", ");
  return `.TP\n${shown}${value ? ` \\fI${escapeRoff(value)}\\fR` : ""}\n${escapeRoff(describeFlag(flag))}.`;
}

/** Escapes a text: dashes that can be copied into a shell, and no line that roff takes for a request. */
function escapeRoff(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("'", "\\(aq").replaceAll("~", "\\(ti")
    .replace(/^\./gm, "\\&.");
}
