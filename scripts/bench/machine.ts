/** Describes the machine of a benchmark for later readers of its figures. */

/** Facts by name. */
export type Machine = Record<string, string>;

/**
 * Reads /proc and the versions of the contenders. Omits unknown facts.
 *
 * @param options.libcrypto path of the libcrypto for escp. Default: that of the system.
 * @param options.rivals other programs, by name and path. Default: none.
 */
export async function describeMachine(
  escp: string,
  { libcrypto = "", rivals = [] }: { libcrypto?: string; rivals?: readonly { name: string; program: string }[] } = {},
): Promise<Machine> {
  const [cpu, memory] = await Promise.all([readText("/proc/cpuinfo"), readText("/proc/meminfo")]);
  const facts: Record<string, string | undefined> = {
    cpu: cpu.match(/^model name\s*:\s*(.*)$/m)?.[1],
    cores: `${navigator.hardwareConcurrency}`,
    memory: formatMemory(memory.match(/^MemTotal:\s*(\d+) kB/m)?.[1]),
    // Figures of a machine with more load than cores are not comparable.
    load: await readText("/proc/loadavg").then((text) => text.split(" ").slice(0, 3).join(" ") || undefined),
    kernel: await firstLine("uname", "-sr"),
    escp: await firstLine(escp, "--version"),
    "cipher engine": await cipherEngine(escp, libcrypto),
    ssh: await firstLine("ssh", "-V"),
    rsync: await firstLine("rsync", "--version"),
    tar: await firstLine("tar", "--version"),
    cp: await firstLine("cp", "--version"),
  };
  for (const { name, program } of rivals) facts[name] = await firstLine(program, "--version");
  return Object.fromEntries(Object.entries(facts).filter((fact): fact is [string, string] => fact[1] !== undefined));
}

async function readText(path: string): Promise<string> {
  return await Deno.readTextFile(path).catch(() => "");
}

function formatMemory(kib: string | undefined): string | undefined {
  return kib && `${(Number(kib) / 2 ** 20).toFixed(1)} GiB`;
}

/** Returns the cipher engine of escp, with version and path of its library. @throws {Error} if it cannot use the library. */
async function cipherEngine(escp: string, libcrypto: string): Promise<string | undefined> {
  const env = { ESCP_LIBCRYPTO: libcrypto };
  const { success, stdout, stderr } = await new Deno.Command(escp, { args: ["-V", "-v"], env, stdin: "null" }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr).trim());
  const engine = /^ *cipher engine +(.*)$/m.exec(decoder.decode(stdout))?.[1];
  if (libcrypto && !engine?.includes(`, ${await Deno.realPath(libcrypto)})`)) {
    throw new Error(`${escp} does not use ${libcrypto}: run deno task compile again`);
  }
  return engine;
}

async function firstLine(program: string, ...args: string[]): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
    const decoder = new TextDecoder();
    return (decoder.decode(stdout) || decoder.decode(stderr)).trim().split("\n")[0];
  } catch {
    return undefined;
  }
}
