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
  if (needle.length === 0) return 0;
  // The search for one byte is native code.
  for (let at = 0; (at = bytes.indexOf(needle[0], at)) >= 0; at++) {
    let same = 1;
    while (same < needle.length && bytes[at + same] === needle[same]) same++;
    if (same === needle.length) return at;
  }
  return -1;
}
