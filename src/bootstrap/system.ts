/** Systems for which there are executables. */

/** A system, as in the names of executables: "linux-x64". */
export type System = `${"linux" | "macos" | "windows"}-${"x64" | "arm64"}`;

/** Output of `uname` and of the C library of a host. */
export interface HostFacts {
  /** Output of uname -s. */
  kernel: string;
  /** Output of uname -m. */
  machine: string;
  /** Version of the C library from getconf or ldd; empty if the host has neither. */
  libc: string;
}

// Maps, because the text of a host may be the name of a property of all objects.
const KERNELS = new Map<string, "linux" | "macos">([["Linux", "linux"], ["Darwin", "macos"]]);
const MACHINES = new Map<string, "x64" | "arm64">([
  ["x86_64", "x64"],
  ["amd64", "x64"],
  ["aarch64", "arm64"],
  ["arm64", "arm64"],
]);

/** Oldest C library that the runtime in an executable supports. */
const OLDEST_GLIBC = [2, 27] as const;

/** Returns the system of `Deno.build`; undefined if there are no executables for it. */
export function ownSystem({ os, arch }: Pick<typeof Deno.build, "os" | "arch">): System | undefined {
  const name = ({ linux: "linux", darwin: "macos", windows: "windows" } as const)[os as string];
  return name && `${name}-${arch === "x86_64" ? "x64" : "arm64"}`;
}

/** Returns the system of a host, or the reason why no executable runs there. */
export function systemOf({ kernel, machine, libc }: HostFacts): { system: System } | { problem: string } {
  if (kernel === "") return { problem: "its system is unknown (no uname)" };
  const os = KERNELS.get(kernel);
  const arch = MACHINES.get(machine);
  if (!os || !arch) return { problem: `escp does not support its system (${kernel} on ${machine || "?"})` };
  const problem = os === "linux" ? glibcProblem(libc) : undefined;
  return problem ? { problem } : { system: `${os}-${arch}` };
}

/** Returns the file name of an executable of a release. */
export function executableName(version: string, system: System): string {
  return `escp-${version}-${system}${system.startsWith("windows") ? ".exe" : ""}`;
}

function glibcProblem(libc: string): string | undefined {
  const oldest = OLDEST_GLIBC.join(".");
  if (/\bmusl\b/i.test(libc)) {
    return `its C library is musl, as on Alpine, and escp needs glibc ${oldest} or later`;
  }
  const found = /\bglibc (\d+)\.(\d+)/i.exec(libc) ?? /(?:GNU libc|GLIBC)[^)]*\) (\d+)\.(\d+)/i.exec(libc);
  // If the library is unknown, the script tries to run the executable.
  if (!found) return undefined;
  const [major, minor] = [Number(found[1]), Number(found[2])];
  const isOld = major < OLDEST_GLIBC[0] || (major === OLDEST_GLIBC[0] && minor < OLDEST_GLIBC[1]);
  return isOld ? `its C library is glibc ${major}.${minor}, and escp needs ${oldest} or later` : undefined;
}
