/** Text that resembles a log file: the lines are similar but all different. */

import { RandomBytes } from "../support/files/random_bytes.ts";

/** Returns `size` bytes, the same in every run. */
export function text(size: number): Uint8Array<ArrayBuffer> {
  const random = new RandomBytes("log");
  const lines: string[] = [];
  for (let length = 0; length < size;) {
    const line = `2024-05-06T07:08:${10 + random.below(50)} host${random.below(9)} web[${random.below(5000)}]: ` +
      `GET /items/${random.below(1e6)}?page=${random.below(20)} ${[200, 304, 404][random.below(3)]}\n`;
    lines.push(line);
    length += line.length;
  }
  return new TextEncoder().encode(lines.join("").slice(0, size));
}
