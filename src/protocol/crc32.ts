/** CRC-32 as in zlib and IEEE 802.3 (reflected polynomial 0xEDB88320), and its combination for concatenated bytes. */

import { crc32 as zlibCrc32 } from "node:zlib";

const POLYNOMIAL = 0xedb88320;

/** Returns the CRC-32 of bytes[start, end). */
export function crc32(bytes: Uint8Array, start: number, end: number): number {
  return zlibCrc32(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end)) >>> 0;
}

/**
 * Returns the CRC-32 of A followed by B, from the CRC-32 of each and the length of B. Appending B multiplies A's
 * remainder by x^(8 * lengthB), modulo the polynomial. The power is computed by repeated squaring.
 *
 * @param lengthB integer, 0 to 2**53 - 1.
 */
export function combineCrc32(crcA: number, crcB: number, lengthB: number): number {
  return (multiply(power(lengthB), crcA) ^ crcB) >>> 0;
}

/** Returns the CRC-32 of `length` zero bytes. */
export function crc32OfZeros(length: number): number {
  // The register starts as all ones and is inverted at the end; zero bytes only shift it.
  return (multiply(power(length), 0xffffffff) ^ 0xffffffff) >>> 0;
}

/** Returns x^(8 * bytes) modulo the polynomial. Reflected: the highest bit is x^0. */
function power(bytes: number): number {
  let result = 0x80000000;
  let square = 0x00800000;
  for (let rest = bytes; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = multiply(square, result);
    square = multiply(square, square);
  }
  return result;
}

/** Returns the product of two polynomials, modulo the polynomial of the CRC. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 31; bit >= 0 && b !== 0; bit--) {
    if ((a >>> bit) & 1) product ^= b;
    b = b & 1 ? (b >>> 1) ^ POLYNOMIAL : b >>> 1;
  }
  return product >>> 0;
}
