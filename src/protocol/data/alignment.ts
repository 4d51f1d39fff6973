/**
 * Everything large lies at multiples of 64 bytes: frames on the connection, and contents within frames. The kernel copies
 * to an address that is not a multiple of 32 at a quarter of the speed (measured with recv and pread on a current x86
 * server), and connections hand their bytes over in pieces that are multiples of 64.
 */

/** See above. */
export const ALIGNMENT = 64;

/** The least multiple of 64 that is not below `bytes`; up to 2**53 - 64. */
export function alignUp(bytes: number): number {
  const over = bytes % ALIGNMENT;
  return over === 0 ? bytes : bytes + ALIGNMENT - over;
}
