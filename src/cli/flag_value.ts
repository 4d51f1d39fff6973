import { quotePath, UsageError } from "../errors.ts";
import type { Flag } from "./flag.ts";

/**
 * The value of one option, checked against its row. For a `list` this is one of its values.
 * @param shown Where the value comes from, as the user knows it: `Option "-t"`, `ESCP_ENGINE`.
 * @throws UsageError when the row does not allow it.
 */
export function parseFlagValue(flag: Flag, text: string, shown: string): string | number {
  if (flag.kind === "number") return parseNumber(flag, text, shown);
  if (text === "") throw new UsageError(`${shown} must not be empty`, { hint: flag.hint });
  if (flag.choices && !flag.choices.includes(text)) {
    throw new UsageError(`${shown} must be ${oneOf(flag.choices)}, not ${quotePath(text)}`, { hint: flag.hint });
  }
  return text;
}

function parseNumber(flag: Flag, text: string, shown: string): number {
  const min = flag.min ?? 0;
  const max = flag.max ?? Number.MAX_SAFE_INTEGER;
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${shown} must be a number from ${min} to ${max}, not ${quotePath(text)}`, { hint: flag.hint });
}

/** "a", "a or b", "a, b or c". */
export function oneOf(choices: readonly string[]): string {
  if (choices.length < 2) return choices.join();
  return `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`;
}
