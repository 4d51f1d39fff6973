/** Finds zeros in a buffer: in a range, or in pages of the file that the bytes belong to. */

/** Usual allocation unit of file systems: smaller holes are rare. */
const PAGE_BYTES = 4096;

/** Returns whether all of bytes[start, end) are zero. Compares words if the bytes are aligned in memory. */
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
 * Returns the end of the pages of zeros that bytes[at, end) starts with.
 *
 * @param offset Offset of bytes[at] in the file, which determines where pages begin.
 * @returns `at` if the first page contains data.
 */
export function endOfZeros(bytes: Uint8Array<ArrayBuffer>, at: number, end: number, offset: number): number {
  return endOfPages(bytes, at, end, offset, true);
}

/** Returns the end of the pages with data that bytes[at, end) starts with; see `endOfZeros`. */
export function endOfData(bytes: Uint8Array<ArrayBuffer>, at: number, end: number, offset: number): number {
  return endOfPages(bytes, at, end, offset, false);
}

/** Returns whether a file with the contents bytes[start, start + length) contains a page of zeros. */
export function hasZeroPage(bytes: Uint8Array<ArrayBuffer>, start: number, length: number): boolean {
  return endOfData(bytes, start, start + length, 0) < start + length;
}

/**
 * Finds the data in a file with the contents bytes[start, start + length).
 *
 * @param write Called for each part with data: its position in `bytes`, its length, and its offset in the file.
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

/** Returns a view of words, cached because few buffers are used again and again. */
function wordsOf(buffer: ArrayBuffer): Int32Array {
  if (buffer !== lastBuffer) {
    lastBuffer = buffer;
    lastWords = new Int32Array(buffer, 0, buffer.byteLength >>> 2);
  }
  return lastWords;
}
