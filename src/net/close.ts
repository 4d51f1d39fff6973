/** Closes a connection or listener that may be closed already. */
export function closeQuietly(conn: { close(): void }): void {
  try {
    conn.close();
  } catch {
    // Another owner has closed it.
  }
}
