/** Memory of the results of Deno's ciphers. */

/**
 * Copies a cipher's result to bytes[start, ...) and frees the memory of the result, which must not be used afterwards.
 * Left to the garbage collector, results cause a full collection every few frames.
 */
export function moveResult(result: Uint8Array<ArrayBuffer>, bytes: Uint8Array, start: number): void {
  bytes.set(result, start);
  // Small results of node:crypto share the memory of a pool.
  if (result.byteLength === result.buffer.byteLength) result.buffer.transfer(0);
}
