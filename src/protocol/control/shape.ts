/** Checks that parsed JSON has the shape that a message needs. What is checked comes out typed. */

import { ProtocolError } from "../../errors.ts";
import { MAX_PATH_TEXT } from "../limits.ts";

/** A JSON object whose fields are not checked yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** Parses a line to an object. @throws {ProtocolError} code "bad-message". */
export function parseObject(line: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new ProtocolError("bad-message", "Cannot read a message from the other side: it is not JSON", { cause });
  }
  return asObject(value, "the message");
}

/** The value as an object. */
export function asObject(value: unknown, name: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw badField(name, "an object");
  return value as Fields;
}

/** A text of at most `limit` UTF-16 units. */
export function text(fields: Fields, name: string, limit: number): string {
  const value = fields[name];
  if (typeof value !== "string" || value.length > limit) throw badField(name, `a text of up to ${limit} characters`);
  return value;
}

/** A whole number of `least` to `most`. */
export function whole(fields: Fields, name: string, least = 0, most = Number.MAX_SAFE_INTEGER): number {
  const value = fields[name];
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most) {
    throw badField(name, `a whole number from ${least} to ${most}`);
  }
  return value as number;
}

/** True or false. */
export function flag(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (typeof value !== "boolean") throw badField(name, "true or false");
  return value;
}

/** A list of at most `limit` items, each checked by `item`. */
export function list<T>(fields: Fields, name: string, limit: number, item: (value: unknown, name: string) => T): T[] {
  const value = fields[name];
  if (!Array.isArray(value) || value.length > limit) throw badField(name, `a list of up to ${limit} items`);
  return value.map((each, index) => item(each, `${name}[${index}]`));
}

/** One of these texts. */
export function oneOf<const T extends string>(fields: Fields, name: string, choices: readonly T[]): T {
  const value = fields[name];
  if (!choices.includes(value as T)) throw badField(name, `one of ${choices.join(", ")}`);
  return value as T;
}

/** For `list`: a text of at most MAX_PATH_TEXT units. */
export function asText(value: unknown, name: string): string {
  if (typeof value !== "string" || value.length > MAX_PATH_TEXT) {
    throw badField(name, `a text of up to ${MAX_PATH_TEXT} characters`);
  }
  return value;
}

/** For `list`: a whole number that is not negative. */
export function asWhole(value: unknown, name: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw badField(name, "a whole number");
  return value as number;
}

/** Bytes in base64 of exactly this length. */
export function bytes(fields: Fields, name: string, length: number): Uint8Array<ArrayBuffer> {
  const decoded = base64(fields, name, length);
  if (decoded.length !== length) throw badField(name, `${length} bytes in base64`);
  return decoded;
}

/** At most so many bytes in base64. */
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

/** Bytes to base64. */
export function toBase64(value: Uint8Array): string {
  return value.toBase64();
}

function badField(name: string, wanted: string, cause?: unknown): ProtocolError {
  return new ProtocolError("bad-message", `Cannot accept a message from the other side: ${name} is not ${wanted}`, {
    cause,
  });
}
