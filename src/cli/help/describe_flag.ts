import { type Flag } from "../options/flag.ts";
import { formatSize, oneOf } from "../options/values/flag_value.ts";
import { FLAGS } from "../options/flags.ts";

/** Returns the help of an option with its range, choices, default and environment variable. */
export function describeFlag(flag: Flag): string {
  const facts: string[] = [];
  const shown = (value: string | number) => flag.kind === "size" ? formatSize(Number(value)) : value;
  if (flag.choices) facts.push(oneOf(flag.choices));
  if (flag.min !== undefined && flag.max !== undefined) facts.push(`${shown(flag.min)} to ${shown(flag.max)}`);
  const usual = flag.default === undefined ? flag.defaultText : shown(flag.default);
  if (usual !== undefined) facts.push(`default: ${usual}`);
  if (flag.env) facts.push(`or set ${flag.env}`);
  if (flag.kind === "list") facts.push("repeatable");
  return facts.length > 0 ? `${flag.help} (${facts.join("; ")})` : flag.help;
}

/** Returns the placeholder of the value of an option, or in brackets the word that may follow the option. */
export function valueOf({ argument, topic }: Flag): string | undefined {
  return argument ?? (topic && `[${topic}]`);
}

/** Returns the options of a section that are not hidden. */
export function flagsOf(section: Flag["section"]): Flag[] {
  return FLAGS.filter((flag) => flag.section === section && !flag.hidden);
}
