/** CRC-32 as in zlib and IEEE 802.3 (reflected polynomial 0xEDB88320), of bytes and of bytes put together. */

import { crc32 as zlibCrc32 } from "node:zlib";

const POLYNOMIAL = 0xedb88320;

/** CRC-32 of bytes[start, end). */
export function crc32(bytes: Uint8Array, start: number, end: number): number {
  return zlibCrc32(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end)) >>> 0;
}

/**
 * The CRC-32 of A followed by B, from the CRC-32 of each and the length of B. Appending B to A multiplies A's remainder
 * by x to the power of 8 times B's length, modulo the polynomial; powers come by repeated squaring.
 *
 * @param lengthB whole number, 0 to 2**53 - 1.
 */
export function combineCrc32(crcA: number, crcB: number, lengthB: number): number {
  return (multiply(power(lengthB), crcA) ^ crcB) >>> 0;
}

/** CRC-32 of this many zero bytes. */
export function crc32OfZeros(length: number): number {
  // The register starts as all ones and is inverted at the end; zero bytes only shift it.
  return (multiply(power(length), 0xffffffff) ^ 0xffffffff) >>> 0;
}

/** x to the power of 8 * bytes, modulo the polynomial, reflected: the highest bit is x to the power of 0. */
function power(bytes: number): number {
  let result = 0x80000000;
  let square = 0x00800000;
  for (let rest = bytes; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = multiply(square, result);
    square = multiply(square, square);
  }
  return result;
}

function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 31; bit >= 0 && b !== 0; bit--) {
    if ((a >>> bit) & 1) product ^= b;
    b = b & 1 ? (b >>> 1) ^ POLYNOMIAL : b >>> 1;
  }
  return product >>> 0;
}
