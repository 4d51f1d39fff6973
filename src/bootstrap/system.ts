/** The systems that there can be an executable for, and telling one from what a machine says of itself. */

/** As in the names of executables: "linux-x64". */
export type System = `${"linux" | "macos" | "windows"}-${"x64" | "arm64"}`;

/** What `uname` and the C library of a host say. */
export interface HostFacts {
  /** uname -s */
  kernel: string;
  /** uname -m */
  machine: string;
  /** What getconf or ldd says of the C library; empty where there is neither. */
  libc: string;
}

// Maps, as what a host says may be the name of something that every object has.
const KERNELS = new Map<string, "linux" | "macos">([["Linux", "linux"], ["Darwin", "macos"]]);
const MACHINES = new Map<string, "x64" | "arm64">([
  ["x86_64", "x64"],
  ["amd64", "x64"],
  ["aarch64", "arm64"],
  ["arm64", "arm64"],
]);

/** The oldest C library that the runtime inside of an executable can do with. */
const OLDEST_GLIBC = [2, 27] as const;

/** What this program runs on, from `Deno.build`; undefined for what there is no executable for. */
export function ownSystem({ os, arch }: Pick<typeof Deno.build, "os" | "arch">): System | undefined {
  const name = ({ linux: "linux", darwin: "macos", windows: "windows" } as const)[os as string];
  return name && `${name}-${arch === "x86_64" ? "x64" : "arm64"}`;
}

/** The system of a host, or why no executable runs there: ends a sentence that begins with the host. */
export function systemOf({ kernel, machine, libc }: HostFacts): { system: System } | { problem: string } {
  if (kernel === "") return { problem: "it does not tell its system (no uname)" };
  const os = KERNELS.get(kernel);
  const arch = MACHINES.get(machine);
  if (!os || !arch) return { problem: `there is no escp for its system (${kernel} on ${machine || "?"})` };
  const problem = os === "linux" ? glibcProblem(libc) : undefined;
  return problem ? { problem } : { system: `${os}-${arch}` };
}

/** The name of an executable in a directory that holds those of a release. */
export function executableName(version: string, system: System): string {
  return `escp-${version}-${system}${system.startsWith("windows") ? ".exe" : ""}`;
}

function glibcProblem(libc: string): string | undefined {
  const oldest = OLDEST_GLIBC.join(".");
  if (/\bmusl\b/i.test(libc)) {
    return `its C library is musl, as on Alpine, and escp needs glibc ${oldest} or later`;
  }
  const found = /\bglibc (\d+)\.(\d+)/i.exec(libc) ?? /(?:GNU libc|GLIBC)[^)]*\) (\d+)\.(\d+)/i.exec(libc);
  // Where nothing is known, running it there tells.
  if (!found) return undefined;
  const [major, minor] = [Number(found[1]), Number(found[2])];
  const isOld = major < OLDEST_GLIBC[0] || (major === OLDEST_GLIBC[0] && minor < OLDEST_GLIBC[1]);
  return isOld ? `its C library is glibc ${major}.${minor}, and escp needs ${oldest} or later` : undefined;
}
