/** Reads all bytes of a connection. A reset counts as the end. */
export async function bytesUntilEnd(conn: Deno.Conn): Promise<Uint8Array> {
  const bytes: number[] = [];
  const buffer = new Uint8Array(1024);
  try {
    for (let read = await conn.read(buffer); read !== null; read = await conn.read(buffer)) {
      bytes.push(...buffer.subarray(0, read));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
  return Uint8Array.from(bytes);
}
