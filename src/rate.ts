/** Parses rates in options and files. */

import { quotePath, UsageError } from "./errors.ts";

/** Bits per second of each unit. Bytes are counted as by rsync, bits in powers of ten as by network links. */
const RATE_UNITS: Record<string, number> = {
  "": 1000,
  ...Object.fromEntries(["k", "m", "g"].flatMap((prefix, index) => {
    const [binary, decimal] = [1024 ** (index + 1), 1000 ** (index + 1)];
    const upper = prefix.toUpperCase();
    return [
      ...[prefix, upper].flatMap((name) => [[name, binary * 8], [`${name}iB`, binary * 8], [`${name}B`, decimal * 8]]),
      ...[prefix, upper].map((name) => [`${name}bit`, decimal]),
    ];
  })),
};
/** Maximum rate, in kbit/s. */
const MAX_RATE = 1_000_000_000;

const RATE_HINT =
  "Write a number of kbit/s, or a unit: K, M or G for KiB/s, MiB/s or GiB/s; KB, MB or GB; kbit, mbit or gbit";

/**
 * Parses `50000`, `10M`, `10MB`, `80mbit` or `1.5gbit/s`. Returns whole kbit/s, rounded.
 *
 * @param shown Name of the setting in messages: `Option "-l"`.
 * @param more Added to the hint for a wrong value.
 * @throws {UsageError}
 */
export function parseRate(text: string, shown: string, more?: string): number {
  const [, digits, unit] = /^([0-9]{1,15}(?:\.[0-9]{1,9})?)([a-z]*)(?:\/s)?$/i.exec(text) ?? [];
  // A plain number is whole, as with scp.
  const isNumber = digits !== undefined && Object.hasOwn(RATE_UNITS, unit) && (unit !== "" || /^[0-9]+$/.test(text));
  const value = isNumber ? Math.round(Number(digits) * RATE_UNITS[unit] / 1000) : NaN;
  if (value >= 1 && value <= MAX_RATE) return value;
  throw new UsageError(`${shown} must be a rate from 1 kbit/s to 1000 Gbit/s, not ${quotePath(text)}`, {
    hint: more === undefined ? RATE_HINT : `${RATE_HINT}; ${more}`,
  });
}
