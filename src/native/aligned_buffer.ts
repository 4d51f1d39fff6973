/** Buffers that begin at a page, as direct I/O and quick copies by the kernel want them. */

const PAGE = 4096;

/** Bytes whose address is a multiple of 4096 where addresses can be known, else just bytes. */
export function alignedBuffer(bytes: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(bytes + PAGE);
  const over = pageOffset(whole);
  return whole.subarray(over === 0 ? 0 : PAGE - over).subarray(0, bytes);
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
