/** Values of options that are ages or times. */

import { quotePath, UsageError } from "../../../errors.ts";

const SECONDS = { w: 604_800, d: 86_400, h: 3_600, m: 60, s: 1 };
/** Maximum age: 100 years. */
const MAX_SECONDS = 100 * 366 * SECONDS.d;

/** Parses `30m`, `12h`, `7d` or `2w`. Only 0 needs no unit. Returns seconds. @throws {UsageError} */
export function parseAge(text: string, shown: string): number {
  const value = ageOf(text);
  if (value !== undefined) return value;
  throw new UsageError(`${shown} must be an age such as 30m, 12h, 7d or 2w, not ${quotePath(text)}`, {
    hint: "Use s, m, h, d or w for seconds, minutes, hours, days or weeks; 0 means any age",
  });
}

/** Returns the seconds of an age; undefined for any other text. */
function ageOf(text: string): number | undefined {
  const [, digits, unit] = /^([0-9]{1,10})([smhdw])$/.exec(text) ?? [];
  const value = text === "0" ? 0 : digits === undefined ? NaN : Number(digits) * SECONDS[unit as keyof typeof SECONDS];
  return value <= MAX_SECONDS ? value : undefined;
}

const DATE = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:?\d\d)?)?$/;

/**
 * Parses an age, or a date with an optional time of day and an optional offset from UTC. Without an offset it is the local
 * time of this machine.
 *
 * @param nowMs end of an age. In milliseconds since 1970.
 * @returns milliseconds since 1970.
 * @throws {UsageError}
 */
export function parseTime(text: string, shown: string, nowMs: number): number {
  const age = ageOf(text);
  const time = age === undefined ? dateOf(text) : nowMs - age * 1000;
  if (!Number.isNaN(time)) return time;
  throw new UsageError(
    `${shown} must be an age such as 30m, 12h, 7d or 2w, or a time such as 2026-11-01 or 2026-11-01T12:00Z, ` +
      `not ${quotePath(text)}`,
    { hint: "Use s, m, h, d or w for seconds, minutes, hours, days or weeks before now" },
  );
}

function dateOf(text: string): number {
  const [, year, month, day, time = "00:00", offset = ""] = DATE.exec(text) ?? [];
  // Date accepts February 30.
  if (day === undefined || new Date(Date.UTC(+year, +month - 1, +day)).getUTCDate() !== Number(day)) return NaN;
  return Date.parse(`${year}-${month}-${day}T${time}${offset.replace(/(\d\d):?(\d\d)$/, "$1:$2")}`);
}

/** Formats an age as it is typed: `90s`, `12h`, `1d`; `0`. */
export function formatAge(seconds: number): string {
  if (seconds === 0) return "0";
  const [unit, length] = Object.entries(SECONDS).find(([, length]) => seconds % length === 0)!;
  return `${seconds / length}${unit}`;
}
