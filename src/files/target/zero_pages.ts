/** Finds zeros in a buffer: at once, or page by page of the file that the bytes belong to. */

/** What file systems allocate at a time, mostly; a hole of less is seldom one. */
export const PAGE_BYTES = 4096;

/** Whether all of bytes[start, end) are zero. Word by word where they are aligned to four bytes in memory. */
export function isZero(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): boolean {
  let at = start;
  const base = bytes.byteOffset;
  if ((base + start) % 4 === 0) {
    const words = wordsOf(bytes.buffer);
    const last = (base + end) >>> 2;
    for (let word = (base + start) >>> 2; word < last; word++) if (words[word] !== 0) return false;
    at = Math.max(start, last * 4 - base);
  }
  for (; at < end; at++) if (bytes[at] !== 0) return false;
  return true;
}

/**
 * How far bytes[at, end) begin with pages that are all zeros.
 *
 * @param offset of bytes[at] in the file, which decides where pages begin.
 * @returns `at` when the first page has something else.
 */
export function endOfZeros(bytes: Uint8Array<ArrayBuffer>, at: number, end: number, offset: number): number {
  return endOfPages(bytes, at, end, offset, true);
}

/** How far bytes[at, end) begin with pages that are not all zeros; see `endOfZeros`. */
export function endOfData(bytes: Uint8Array<ArrayBuffer>, at: number, end: number, offset: number): number {
  return endOfPages(bytes, at, end, offset, false);
}

/** Whether a file with the contents bytes[start, start + length) has a page of zeros. */
export function hasZeroPage(bytes: Uint8Array<ArrayBuffer>, start: number, length: number): boolean {
  return endOfData(bytes, start, start + length, 0) < start + length;
}

/**
 * Calls `write` for the parts of a file with the contents bytes[start, start + length) that are more than zeros, with
 * their places in `bytes` and in the file.
 */
export function forEachData(
  bytes: Uint8Array<ArrayBuffer>,
  start: number,
  length: number,
  write: (at: number, length: number, offset: number) => void,
): void {
  const end = start + length;
  for (let at = start; at < end;) {
    const data = endOfZeros(bytes, at, end, at - start);
    at = endOfData(bytes, data, end, data - start);
    if (at > data) write(data, at - data, data - start);
  }
}

function endOfPages(
  bytes: Uint8Array<ArrayBuffer>,
  start: number,
  end: number,
  offset: number,
  zero: boolean,
): number {
  let at = start;
  let next = Math.min(end, at + PAGE_BYTES - offset % PAGE_BYTES);
  while (at < end && isZero(bytes, at, next) === zero) {
    at = next;
    next = Math.min(end, at + PAGE_BYTES);
  }
  return at;
}

let lastBuffer: ArrayBuffer | undefined;
let lastWords = new Int32Array(0);

/** The same few buffers come again and again: no view is made for each call. */
function wordsOf(buffer: ArrayBuffer): Int32Array {
  if (buffer !== lastBuffer) {
    lastBuffer = buffer;
    lastWords = new Int32Array(buffer, 0, buffer.byteLength >>> 2);
  }
  return lastWords;
}
