/** npm packages: `escp`, and one package per system as its optional dependencies, of which npm installs the matching one. */

import { type Target, TARGETS } from "../targets.ts";
import { type ArchivedFile, tarGz } from "./archives.ts";
import { text } from "./documents.ts";

/** Parts that all packages share. */
export interface NpmRelease {
  version: string;
  /** LICENSE and README.md. */
  documents: readonly ArchivedFile[];
}

/** An npm package as `npm pack` writes it. */
export interface NpmPackage {
  /** Name of the .tgz file. */
  name: string;
  contents: Uint8Array;
}

const OS: Record<string, string> = { linux: "linux", macos: "darwin", windows: "win32" };
const DESCRIPTION = "Copies files between machines like scp, at the speed of the disks and the network";

/** Returns the package `escp`, whose command runs the executable of the package of the system. */
export async function mainPackage({ version, documents }: NpmRelease): Promise<NpmPackage> {
  const launcher = await Deno.readFile(new URL("npm_launcher.cjs", import.meta.url));
  return await pack(`escp-${version}.tgz`, {
    name: "escp",
    version,
    description: DESCRIPTION,
    bin: { escp: "bin/escp.cjs" },
    engines: { node: ">=18" },
    optionalDependencies: Object.fromEntries(TARGETS.map(({ system }) => [packageName(system), version])),
  }, [{ name: "bin/escp.cjs", contents: launcher, isExecutable: true }, ...documents]);
}

/** Returns the package with the executable of a system. */
export async function systemPackage(
  { system, extension }: Pick<Target, "system" | "extension">,
  executable: Uint8Array<ArrayBuffer>,
  { version, documents }: NpmRelease,
): Promise<NpmPackage> {
  const [os, cpu] = system.split("-");
  return await pack(`escp-${system}-${version}.tgz`, {
    name: packageName(system),
    version,
    description: `The executable of escp for ${system}`,
    os: [OS[os]],
    cpu: [cpu],
    ...(os === "linux" ? { libc: ["glibc"] } : {}),
    preferUnplugged: true,
  }, [{ name: `bin/escp${extension}`, contents: executable, isExecutable: true }, ...documents]);
}

function packageName(system: string): string {
  return `@escp/${system}`;
}

async function pack(name: string, manifest: object, files: readonly ArchivedFile[]): Promise<NpmPackage> {
  const json = JSON.stringify({ ...manifest, license: "MIT", publishConfig: { access: "public" } }, undefined, 2);
  const all = [text("package.json", `${json}\n`), ...files];
  return { name, contents: await tarGz(all.map((file) => ({ ...file, name: `package/${file.name}` }))) };
}
