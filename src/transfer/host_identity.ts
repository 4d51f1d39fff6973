/** Lets both ends find out whether they run on the same machine, without revealing which. */

/**
 * Returns a text that is the same on both ends if they run on the same machine. It differs in every job.
 *
 * @param salt of the job.
 */
export async function hostIdentity(salt: string): Promise<string> {
  const text = new TextEncoder().encode(`${salt} ${bootIdOrHostName()}`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  return digest.toHex();
}

function bootIdOrHostName(): string {
  // Two machines may have the same host name. A copy is refused as "the same file" only if device and inode are equal, too.
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
