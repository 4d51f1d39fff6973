/** What Deno's own ciphers answer with memory of its own. */

/**
 * Copies an answer to bytes[start, ...), and gives its memory back at once, so that it must not be used any more. Left to
 * the garbage collector it means a full collection every few frames.
 */
export function moveAnswer(answer: Uint8Array<ArrayBuffer>, bytes: Uint8Array, start: number): void {
  bytes.set(answer, start);
  // Small ones of node:crypto lie in a pool with others.
  if (answer.byteLength === answer.buffer.byteLength) answer.buffer.transfer(0);
}
