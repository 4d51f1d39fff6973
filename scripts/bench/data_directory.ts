/** Selects the directory for the data of a benchmark. */

/**
 * Makes a directory in `parent`. Default: in memory if the bytes fit, else in the temporary directory. The caller removes it.
 */
export async function createDataDirectory(bytes: number, parent?: string): Promise<string> {
  if (parent !== undefined) return await Deno.makeTempDir({ prefix: "escp-bench-", dir: await Deno.realPath(parent) });
  const inMemory = await freeBytes("/dev/shm") > bytes && await freeMemory() > bytes;
  return await Deno.makeTempDir({ prefix: "escp-bench-", dir: inMemory ? "/dev/shm" : undefined });
}

async function freeBytes(directory: string): Promise<number> {
  try {
    const { code, stdout } = await new Deno.Command("df", { args: ["-kP", directory], stderr: "null" }).output();
    const fields = new TextDecoder().decode(stdout).trim().split("\n").at(-1)!.split(/\s+/);
    return code === 0 ? Number(fields[3]) * 1024 : 0;
  } catch {
    return 0;
  }
}

/** Keeps memory for programs, which a full memory file system would use up. */
async function freeMemory(): Promise<number> {
  const text = await Deno.readTextFile("/proc/meminfo").catch(() => "");
  return Number(text.match(/^MemAvailable:\s*(\d+) kB/m)?.[1] ?? 0) * 1024;
}
