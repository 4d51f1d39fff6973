/**
 * Alignment of frames on a connection and of contents in frames. The kernel copies at a quarter of the speed to an
 * address that is not a multiple of 32 (measured with recv and pread on an x86 server). Connections deliver bytes in
 * pieces that are multiples of 64.
 */

/** Alignment in bytes. */
export const ALIGNMENT = 64;

/** Rounds up to a multiple of 64. @param bytes 0 to 2**53 - 64. */
export function alignUp(bytes: number): number {
  const over = bytes % ALIGNMENT;
  return over === 0 ? bytes : bytes + ALIGNMENT - over;
}
