/** Page-aligned buffers, for direct I/O and fast copies by the kernel. */

/** Bytes per page. */
export const PAGE = 4096;

/** Returns a buffer whose address is a multiple of 4096; without FFI, any buffer. */
export function alignedBuffer(bytes: number): Uint8Array<ArrayBuffer> {
  return alignedPart(new Uint8Array(bytes + PAGE));
}

/** Returns the page-aligned part of existing memory, one page shorter than it. */
export function alignedPart(whole: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const offset = pageOffset(whole);
  const start = offset === 0 ? 0 : PAGE - offset;
  return whole.subarray(start, start + whole.length - PAGE);
}

function pageOffset(bytes: Uint8Array<ArrayBuffer>): number {
  try {
    const pointer = Deno.UnsafePointer.of(bytes);
    return Number(BigInt(Deno.UnsafePointer.value(pointer)) % BigInt(PAGE));
  } catch {
    // Without FFI, I/O is only slower.
    return 0;
  }
}
