/** Bytes as hexadecimal text and back, for tests. */

export function toHex(bytes: Uint8Array): string {
  return bytes.toHex();
}

/** Spaces are left out. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const digits = text.replaceAll(" ", "");
  return Uint8Array.from({ length: digits.length / 2 }, (_, at) => parseInt(digits.slice(2 * at, 2 * at + 2), 16));
}
