/** CRC-32 of a window that moves over bytes. Each step takes two table look-ups. */

import { combineCrc32, crc32, crc32OfZeros } from "../protocol/crc32.ts";

/**
 * Tables for windows of one length. They compute a **register**: the CRC-32 without its initial and final inversion,
 * which is linear. So the byte that leaves the window is removed by an XOR.
 */
export class RollingCrc32 {
  /** Effect of a byte that enters the window. */
  readonly entering: Int32Array;
  /** Effect of a byte that leaves the window. */
  readonly leaving: Int32Array;
  /** XOR of a register and the CRC-32 of the same window. */
  readonly inversion: number;

  /** @param window number of bytes. */
  constructor(window: number) {
    this.inversion = crc32OfZeros(window) | 0;
    this.entering = new Int32Array(256);
    this.leaving = new Int32Array(256);
    const byte = new Uint8Array(1);
    const noByte = crc32OfZeros(1);
    const noWindow = crc32OfZeros(window + 1);
    for (let value = 0; value < 256; value++) {
      byte[0] = value;
      const crc = crc32(byte, 0, 1);
      this.entering[value] = crc ^ noByte;
      this.leaving[value] = combineCrc32(crc, crc32OfZeros(window), window) ^ noWindow;
    }
  }

  /** Returns the register of bytes[start, end), which is a window. */
  start(bytes: Uint8Array, start: number, end: number): number {
    return crc32(bytes, start, end) ^ this.inversion;
  }

  /** Returns the register of the window that is one byte further. */
  step(register: number, leaving: number, entering: number): number {
    return (register >>> 8) ^ this.entering[(register ^ entering) & 0xff] ^ this.leaving[leaving];
  }
}
