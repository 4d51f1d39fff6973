/** Tells the two ends of a session whether they run on one machine, without telling anyone which machine that is. */

/**
 * The same text on both ends exactly when they run on the same machine; another one in every job.
 *
 * @param salt of the job.
 */
export async function hostIdentity(salt: string): Promise<string> {
  const text = new TextEncoder().encode(`${salt} ${bootIdOrHostName()}`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  return digest.toHex();
}

function bootIdOrHostName(): string {
  // Where there is no such thing the host name is all that is left, and two machines may share it. Then a copy is
  // refused as "the same file" only if device and inode are equal as well.
  return bootId() ?? safely(() => Deno.hostname()) ?? "";
}

/** Returns a text that changes with each start of the system; undefined if the system has none. */
export function bootId(): string | undefined {
  return safely(() => Deno.readTextFileSync("/proc/sys/kernel/random/boot_id").trim());
}

function safely<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
