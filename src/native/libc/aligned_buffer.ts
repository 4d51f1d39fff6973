/** Buffers that begin at a page, as direct I/O and quick copies by the kernel want them. */

/** Bytes of a page. */
export const PAGE = 4096;

/** Bytes whose address is a multiple of 4096 where addresses can be known, else just bytes. */
export function alignedBuffer(bytes: number): Uint8Array<ArrayBuffer> {
  return alignedPart(new Uint8Array(bytes + PAGE));
}

/** As `alignedBuffer`, of memory that is there: all of it but a page. */
export function alignedPart(whole: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const over = pageOffset(whole);
  const start = over === 0 ? 0 : PAGE - over;
  return whole.subarray(start, start + whole.length - PAGE);
}

function pageOffset(bytes: Uint8Array<ArrayBuffer>): number {
  try {
    const pointer = Deno.UnsafePointer.of(bytes);
    return Number(BigInt(Deno.UnsafePointer.value(pointer)) % BigInt(PAGE));
  } catch {
    // Not permitted, or not on this platform: slower, and nothing else.
    return 0;
  }
}
