/** Downloads the files for the emulation of an ARM64 machine: Deno from npm, and libraries from Debian. */

import { exists } from "@std/fs/exists";

/** Paths of the downloaded files. */
export interface Arm64Machine {
  /** The `deno` for ARM64. */
  deno: string;
  /** Version of Deno: that of the running Deno if npm has it. */
  version: string;
  /** Directories with libraries to overlay on /usr/lib. */
  libraries: string[];
}

const PACKAGE = "@deno/linux-arm64-glibc";
/** Packages, with alternative names in different releases of Debian. */
const LIBRARIES = [["libc6"], ["libgcc-s1"], ["libssl3t64", "libssl3"], ["libzstd1"]];

/** Downloads missing files. @throws {Error} With the file and the reason. */
export async function fetchMachine(directory: string): Promise<Arm64Machine> {
  await Deno.mkdir(directory, { recursive: true });
  const root = `${directory}/root`;
  if (!await exists(root)) {
    await fetchLibraries(directory, `${root}.unfinished`);
    await Deno.rename(`${root}.unfinished`, root);
  }
  const version = await findVersion();
  const package_ = `${directory}/deno-${version}`;
  if (!await exists(package_)) {
    await Deno.mkdir(`${package_}.unfinished`, { recursive: true });
    const [, file] = /(\S+\.tgz)\s*$/.exec(await run("npm", ["pack", "--silent", `${PACKAGE}@${version}`], directory))!;
    await run("tar", ["-xzf", file, "-C", `${package_}.unfinished`], directory);
    await Deno.remove(`${directory}/${file}`);
    await Deno.rename(`${package_}.unfinished`, package_);
  }
  const libraries = [];
  for (const library of [`${root}/lib`, `${root}/usr/lib`]) if (await exists(library)) libraries.push(library);
  return { deno: `${package_}/package/deno`, version, libraries };
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

/** Downloads libraries with private package lists, so that the apt of this machine is not affected. */
async function fetchLibraries(directory: string, root: string): Promise<void> {
  const apt = `${directory}/apt`;
  for (const part of ["lists/partial", "cache/archives/partial"]) {
    await Deno.mkdir(`${apt}/${part}`, { recursive: true });
  }
  const set = [
    ...["APT::Architectures::=amd64", "APT::Architectures::=arm64", "APT::Sandbox::User=root"],
    ...[`Dir::State::lists=${apt}/lists`, `Dir::Cache=${apt}/cache`],
  ].flatMap((value) => ["-o", value]);
  await run("apt-get", ["--quiet", ...set, "update"], apt);
  for (const names of LIBRARIES) {
    const failures: string[] = [];
    for (const name of names) {
      try {
        await run("apt-get", ["--quiet", ...set, "download", `${name}:arm64`], apt);
        break;
      } catch (error) {
        failures.push((error as Error).message);
      }
    }
    if (failures.length === names.length) throw new Error(failures.join("\n"));
  }
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
