/** Checks the shape of parsed JSON. Each function returns the checked value with its type. */

import { ProtocolError } from "../../errors.ts";
import { MAX_PATH_TEXT } from "../limits.ts";

/** A JSON object with unchecked fields. */
export type Fields = Readonly<Record<string, unknown>>;

/** Parses a line to an object. @throws {ProtocolError} code "bad-message". */
export function parseObject(line: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new ProtocolError("bad-message", "Cannot read a message from the peer: it is not JSON", { cause });
  }
  return asObject(value, "the message");
}

/** Returns the value as an object. @param name the value's name in the error. */
export function asObject(value: unknown, name: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw badField(name, "an object");
  return value as Fields;
}

/**
 * Returns the parsed field, or undefined if the object does not have it.
 *
 * @param parse one of the functions below. `limits` are its arguments after `name`.
 */
export function optional<T, Limits extends unknown[]>(
  fields: Fields,
  name: string,
  parse: (fields: Fields, name: string, ...limits: Limits) => T,
  ...limits: Limits
): T | undefined {
  return fields[name] === undefined ? undefined : parse(fields, name, ...limits);
}

/** Returns a text of at most `limit` UTF-16 units. */
export function text(fields: Fields, name: string, limit: number): string {
  return asText(fields[name], name, limit);
}

/** Returns an integer from `min` to `max`. */
export function whole(fields: Fields, name: string, min = 0, max = Number.MAX_SAFE_INTEGER): number {
  const value = fields[name];
  if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
    throw badField(name, `a whole number from ${min} to ${max}`);
  }
  return value as number;
}

/** Returns a boolean. */
export function flag(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (typeof value !== "boolean") throw badField(name, "true or false");
  return value;
}

/** Returns a list of at most `limit` items, each parsed by `item`. */
export function list<T>(fields: Fields, name: string, limit: number, item: (value: unknown, name: string) => T): T[] {
  const value = fields[name];
  if (!Array.isArray(value) || value.length > limit) throw badField(name, `a list of up to ${limit} items`);
  return value.map((each, index) => item(each, `${name}[${index}]`));
}

/** Returns one of `choices`. */
export function oneOf<const T extends string>(fields: Fields, name: string, choices: readonly T[]): T {
  const value = fields[name];
  if (!choices.includes(value as T)) throw badField(name, `one of ${choices.join(", ")}`);
  return value as T;
}

/** For `list`: returns a text of at most `limit` UTF-16 units. */
export function asText(value: unknown, name: string, limit = MAX_PATH_TEXT): string {
  if (typeof value !== "string" || value.length > limit) throw badField(name, `a text of up to ${limit} characters`);
  return value;
}

/** For `list`: returns an integer that is not negative. */
export function asWhole(value: unknown, name: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw badField(name, "a whole number");
  return value as number;
}

/** Decodes base64 to exactly `length` bytes. */
export function bytes(fields: Fields, name: string, length: number): Uint8Array<ArrayBuffer> {
  const decoded = base64(fields, name, length);
  if (decoded.length !== length) throw badField(name, `${length} bytes in base64`);
  return decoded;
}

/** Decodes base64 to at most `limit` bytes. */
export function base64(fields: Fields, name: string, limit: number): Uint8Array<ArrayBuffer> {
  const coded = text(fields, name, limit * 2);
  let decoded: Uint8Array<ArrayBuffer>;
  try {
    decoded = Uint8Array.fromBase64(coded);
  } catch (cause) {
    throw badField(name, "base64", cause);
  }
  if (decoded.length > limit) throw badField(name, `up to ${limit} bytes in base64`);
  return decoded;
}

/** Returns the error for a field that is not `expected`. */
export function badField(name: string, expected: string, cause?: unknown): ProtocolError {
  return new ProtocolError("bad-message", `Cannot accept a message from the peer: ${name} is not ${expected}`, {
    cause,
  });
}
