/** Passes bytes from one connection to another. */

/** A source of bytes, such as a `Deno.Conn`. */
export interface ByteReader {
  read(buffer: Uint8Array): Promise<number | null>;
}

/** A target of bytes. */
export interface ByteWriter {
  write(bytes: Uint8Array): Promise<number>;
}

const BUFFER_BYTES = 256 << 10;

/** Passes bytes until the source ends. @throws {Error} if one of both connections breaks. */
export async function pass(from: ByteReader, to: ByteWriter): Promise<void> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (;;) {
    const count = await from.read(buffer);
    if (count === null) return;
    await writeAll(to, buffer.subarray(0, count));
  }
}

/** Writes all bytes. @throws {Error} if the connection breaks. */
export async function writeAll(to: ByteWriter, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}
