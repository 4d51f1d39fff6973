/** Compares, joins and searches bytes. */

/** Returns whether two arrays contain the same bytes. Not in constant time. */
export function equals(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) {
    if (one[at] !== other[at]) return false;
  }
  return true;
}

/** Returns a new array with the bytes of all parts in order. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let length = 0;
  for (const part of parts) {
    bytes.set(part, length);
    length += part.length;
  }
  return bytes;
}

/** Returns the index of the first occurrence of `needle`, or -1. */
export function indexOfNeedle(bytes: Uint8Array, needle: Uint8Array): number {
  for (let at = 0; at + needle.length <= bytes.length; at++) {
    if (equals(bytes.subarray(at, at + needle.length), needle)) return at;
  }
  return -1;
}
