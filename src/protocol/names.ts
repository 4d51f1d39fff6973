/**
 * File names as text. A name on Unix is a sequence of bytes without NUL and "/", and need not be UTF-8. In memory and in
 * JSON a name is a string. Each byte that is not part of valid UTF-8 becomes a lone surrogate U+DC80..U+DCFF, as in
 * Python's PEP 383 ("surrogateescape"). `encodeName(decodeName(bytes))` equals `bytes` for all bytes.
 */

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Decodes the bytes of a name. Never throws. */
export function decodeName(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return decodeMixed(bytes);
  }
}

/** Encodes a name. A lone surrogate outside U+DC80..U+DCFF becomes U+FFFD, as in `TextEncoder`. */
export function encodeName(name: string): Uint8Array<ArrayBuffer> {
  if (!hasEscapedBytes(name)) return encoder.encode(name);
  const out: number[] = [];
  for (const char of name) {
    const code = char.codePointAt(0)!;
    if (code >= 0xdc80 && code <= 0xdcff) out.push(code - 0xdc00);
    else out.push(...encoder.encode(char));
  }
  return Uint8Array.from(out);
}

/** Encodes a name to the start of `out`, which has three bytes for each of its UTF-16 code units. Returns its length in bytes. */
export function encodeNameInto(name: string, out: Uint8Array): number {
  if (!hasEscapedBytes(name)) return encoder.encodeInto(name, out).written;
  const bytes = encodeName(name);
  out.set(bytes);
  return bytes.length;
}

/** Returns whether the name contains bytes that are not UTF-8. Only the native engine can open such a file. */
export function hasEscapedBytes(name: string): boolean {
  return /[\udc80-\udcff]/u.test(name);
}

function decodeMixed(bytes: Uint8Array): string {
  let text = "";
  let valid = 0;
  for (let at = 0; at < bytes.length;) {
    const length = validSequence(bytes, at);
    at += length;
    if (length > 0) continue;
    // Decode the valid part, then escape one byte. The next byte may start a valid sequence.
    if (at > valid) text += strict.decode(bytes.subarray(valid, at));
    text += String.fromCharCode(0xdc00 + bytes[at]);
    valid = ++at;
  }
  return text + strict.decode(bytes.subarray(valid));
}

/** Returns the length of the UTF-8 sequence at bytes[at], 0 if it is invalid (RFC 3629, section 4). */
function validSequence(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  const length = sequenceLength(first);
  for (let i = 1; i < length; i++) {
    const byte = bytes[at + i];
    if (byte === undefined || byte < 0x80 || byte > 0xbf) return 0;
  }
  const second = bytes[at + 1];
  // Overlong forms, surrogates, and code points above U+10FFFF.
  if (first === 0xe0 && second < 0xa0 || first === 0xed && second > 0x9f) return 0;
  if (first === 0xf0 && second < 0x90 || first === 0xf4 && second > 0x8f) return 0;
  return length;
}

/** Returns the length of the UTF-8 sequence that a first byte starts, 0 if it cannot start one. */
function sequenceLength(first: number): number {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return 2;
  if (first >= 0xe0 && first < 0xf0) return 3;
  if (first >= 0xf0 && first < 0xf5) return 4;
  return 0;
}
