/** Downloads the files for the emulation of an ARM64 machine: Deno from npm, libraries and programs from Debian. */

import { exists } from "@std/fs/exists";

/** Paths of programs and libraries for ARM64. */
export interface Arm64System {
  /** Directories with libraries to overlay on /usr/lib. */
  libraries: string[];
  /** `uname` of coreutils, which reports the emulated processor. */
  uname: string;
  /** `perl`, which can make any system call. */
  perl: string;
}

/** The same with the `deno` for ARM64. */
export interface Arm64Machine extends Arm64System {
  deno: string;
  /** Version of Deno: that of the running Deno if npm has it. */
  version: string;
}

const PACKAGE = "@deno/linux-arm64-glibc";
const DEBIAN_PACKAGES = ["libc6", "libgcc-s1", "libzstd1", "libcrypt1", "coreutils", "perl-base"];
/** Names of the package of OpenSSL in different releases of Debian. */
const OPENSSL = ["libssl3t64", "libssl3"];

/** Downloads missing files. @throws {Error} With the file and the reason. */
export async function fetchMachine(directory: string): Promise<Arm64Machine> {
  const system = await fetchSystem(directory);
  const version = await findVersion();
  const package_ = `${directory}/deno-${version}`;
  if (!await exists(package_)) {
    await Deno.mkdir(`${package_}.unfinished`, { recursive: true });
    const [, file] = /(\S+\.tgz)\s*$/.exec(await run("npm", ["pack", "--silent", `${PACKAGE}@${version}`], directory))!;
    await run("tar", ["-xzf", file, "-C", `${package_}.unfinished`], directory);
    await Deno.remove(`${directory}/${file}`);
    await Deno.rename(`${package_}.unfinished`, package_);
  }
  return { ...system, deno: `${package_}/package/deno`, version };
}

/** Downloads missing packages of Debian. @throws {Error} With the package and the reason. */
export async function fetchSystem(directory: string): Promise<Arm64System> {
  await Deno.mkdir(directory, { recursive: true });
  const root = `${directory}/system`;
  if (!await exists(root)) {
    await fetchPackages(directory, `${root}.unfinished`);
    await Deno.rename(`${root}.unfinished`, root);
  }
  const libraries = [];
  for (const library of [`${root}/lib`, `${root}/usr/lib`]) if (await exists(library)) libraries.push(library);
  // Debian 13 moved the programs of /bin to /usr/bin.
  const uname = await exists(`${root}/usr/bin/uname`) ? `${root}/usr/bin/uname` : `${root}/bin/uname`;
  return { libraries, uname, perl: `${root}/usr/bin/perl` };
}

async function findVersion(): Promise<string> {
  const versions: string[] = JSON.parse(await run("npm", ["view", "--silent", PACKAGE, "versions", "--json"]));
  const own = Deno.version.deno;
  return chooseVersion(own, versions);
}

/** Returns the same version, else the last one with the same minor version, else the last. @param versions From old to new, at least one. */
export function chooseVersion(own: string, versions: readonly string[]): string {
  if (versions.includes(own)) return own;
  const minor = own.slice(0, own.lastIndexOf(".") + 1);
  return versions.findLast((version) => version.startsWith(minor)) ?? versions.at(-1)!;
}

/** Downloads packages with private package lists, so that the apt of this machine is not affected. */
async function fetchPackages(directory: string, root: string): Promise<void> {
  const apt = `${directory}/apt`;
  for (const part of ["lists/partial", "cache/archives/partial"]) {
    await Deno.mkdir(`${apt}/${part}`, { recursive: true });
  }
  const set = [
    ...["APT::Architecture=arm64", "APT::Architectures=arm64", "APT::Sandbox::User=root", "Acquire::Languages=none"],
    ...[`Dir::State::lists=${apt}/lists`, "Dir::State::status=/dev/null", `Dir::Cache=${apt}/cache`],
  ].flatMap((value) => ["-o", value]);
  await run("apt-get", ["--quiet", ...set, "update"], apt);
  const failures: string[] = [];
  for (const openssl of OPENSSL) {
    try {
      await run("apt-get", ["--quiet", ...set, "download", ...DEBIAN_PACKAGES, openssl], apt);
      break;
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  if (failures.length === OPENSSL.length) throw new Error(failures.join("\n"));
  for await (const { name } of Deno.readDir(apt)) {
    if (name.endsWith(".deb")) await run("dpkg-deb", ["--extract", name, root], apt);
  }
  await Deno.remove(apt, { recursive: true });
}

async function run(program: string, args: string[], cwd?: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, cwd, stdin: "null" }).output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  throw new Error(`${program} ${args.at(-1)}: ${decoder.decode(stderr).trim() || "it failed"}`);
}
