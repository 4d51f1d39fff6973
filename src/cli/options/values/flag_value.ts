import { quotePath, UsageError } from "../../../errors.ts";
import { parseRate } from "../../../rate.ts";
import type { Flag } from "../flag.ts";
import { parseTime } from "./time.ts";

/**
 * Parses the value of an option. For a `list` this is one of its values.
 *
 * @param shown name of the setting in messages: `Option "-t"`, `ESCP_ENGINE`.
 * @throws {UsageError} if the row does not allow the value.
 */
export function parseFlagValue(flag: Flag, text: string, shown: string): string | number {
  if (flag.kind === "size") return parseSize(flag, text, shown);
  if (flag.kind === "rate") return parseRate(text, shown, hintFor(flag, text, shown));
  if (flag.kind === "time") {
    parseTime(text, shown, 0);
    return text;
  }
  if (flag.kind === "number") return parseNumber(flag, text, shown);
  const hint = hintFor(flag, text, shown);
  if (text === "") throw new UsageError(`${shown} must not be empty`, { hint });
  if (flag.choices && !flag.choices.includes(text)) {
    throw new UsageError(`${shown} must be ${oneOf(flag.choices)}, not ${quotePath(text)}`, { hint });
  }
  return text;
}

function parseNumber(flag: Flag, text: string, shown: string): number {
  const min = flag.min ?? 0;
  const max = flag.max ?? Number.MAX_SAFE_INTEGER;
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  const hint = hintFor(flag, text, shown);
  throw new UsageError(`${shown} must be a number from ${min} to ${max}, not ${quotePath(text)}`, { hint });
}

/** Returns the hint for a refused value. One about the short name does not fit the long one, a number or an empty word. */
function hintFor({ kind, short, hint }: Flag, text: string, shown: string): string | undefined {
  if (short === undefined) return hint;
  const isNumber = kind === "rate" ? /^$|^[-.]?[0-9]/.test(text) : /^-?[0-9.]*$/.test(text);
  return shown === `Option "-${short}"` && !isNumber ? hint : undefined;
}

const UNITS = ["", "K", "M", "G"];

/** Parses `65536`, `64K`, `64k`, `1M` or `1MiB`. Units are powers of 1024. */
function parseSize(flag: Flag, text: string, shown: string): number {
  const [, digits, unit] = /^([0-9]{1,15})([KMG]?)(?:iB|B)?$/i.exec(text) ?? [];
  const value = digits === undefined ? NaN : Number(digits) * 1024 ** UNITS.indexOf(unit.toUpperCase());
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = flag;
  if (value >= min && value <= max) return value;
  throw new UsageError(
    `${shown} must be a size from ${formatSize(min)} to ${formatSize(max)}, not ${quotePath(text)}`,
    { hint: flag.hint ?? "Write a number, with an optional suffix K, M or G" },
  );
}

/** Formats a size as it is typed: `64K`, `1M`, `1000`. */
export function formatSize(bytes: number): string {
  const unit = UNITS.findLastIndex((_, power) => bytes % 1024 ** power === 0);
  return `${bytes / 1024 ** unit}${UNITS[unit]}`;
}

/** Returns "a", "a or b", or "a, b or c". */
export function oneOf(choices: readonly string[]): string {
  if (choices.length < 2) return choices.join();
  return `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`;
}
