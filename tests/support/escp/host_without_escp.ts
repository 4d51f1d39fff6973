/** Remote hosts without escp, and executables to install on them. */

import { encodeHex } from "@std/encoding/hex";
import { existsSync } from "@std/fs/exists";
import { afterAll, beforeAll } from "@std/testing/bdd";
import { executableName, ownSystem } from "../../../src/bootstrap/system.ts";
import { VERSION } from "../../../src/cli/version.ts";
import { type EscpResult, runEscp, writeEscpWrapper } from "./escp_command.ts";
import { listNames } from "../files/list_names.ts";
import { writeScript } from "../shell_script.ts";
import { type Sshd, type SshdOptions, startSshd } from "../hosts/sshd.ts";
import { createTempDirectory, type TempDirectory } from "../files/temp.ts";

const EXECUTABLE = executableName(VERSION, ownSystem(Deno.build) ?? "linux-x64");

/** Programs that the remote script of escp requires. */
const REQUIRED = "sh bash uname sed ls id mkdir tr cut head cat wc chmod mv rm".split(" ");

/** A host without escp, and a directory on this machine that contains the file "a". */
export interface HostWithoutEscp {
  sshd: Sshd;
  directory: string;
  /** Runs escp with the executables of the release. */
  run(...args: string[]): Promise<EscpResult>;
  /** Copies "a" to "b" in the home directory of the host. */
  push(...args: string[]): Promise<EscpResult>;
  /** Directory on the host where escp is installed by default. */
  installed: string;
  /** Returns the number of logins so far. */
  logins(): number;
}

/** Executables of a release: `escp` for this system is a script. */
export interface Release {
  readonly path: string;
  /** SHA-256 of the executable for this system. */
  readonly digest: string;
  /** Starts a host and passes it to the body. */
  withHost(options: SshdOptions, body: (host: HostWithoutEscp) => Promise<void>): Promise<void>;
}

/** Makes a release for all cases of the suite in whose body this is called. */
export function releaseOfSuite(): Release {
  let directory: TempDirectory;
  let digest: string;
  const binary = Deno.env.get("ESCP_BINARY");
  beforeAll(async () => {
    // An executable would install itself.
    Deno.env.delete("ESCP_BINARY");
    directory = await createTempDirectory();
    digest = await writeRelease(directory.path);
  });
  afterAll(async () => {
    await directory[Symbol.asyncDispose]();
    if (binary !== undefined) Deno.env.set("ESCP_BINARY", binary);
  });
  return {
    get path() {
      return directory.path;
    },
    get digest() {
      return digest;
    },
    withHost: (options, body) => withHost(directory.path, options, body),
  };
}

async function withHost(
  release: string,
  options: SshdOptions,
  body: (host: HostWithoutEscp) => Promise<void>,
): Promise<void> {
  await using directory = await createTempDirectory();
  await Deno.writeTextFile(`${directory.path}/a`, "contents");
  await Deno.mkdir(`${directory.path}/cache`);
  await using sshd = await startSshd({ escp: false, ...options });
  const run = (...args: string[]) =>
    runEscp([...sshd.sshOptions, "-B", "--binaries", release, ...args], {
      env: { XDG_CACHE_HOME: `${directory.path}/cache` },
    });
  await body({
    sshd,
    directory: directory.path,
    run,
    push: (...args) => run(...args, `${directory.path}/a`, "testhost:b"),
    installed: `${sshd.home}/.cache/escp/${VERSION}`,
    logins: () => sshd.log().match(/Accepted publickey/g)?.length ?? 0,
  });
}

/** Writes an executable for this system and SHA256SUMS into a directory. Returns the digest of the executable. */
export async function writeRelease(directory: string, padding = 0): Promise<string> {
  await writeEscpWrapper(directory);
  const wrapper = await Deno.readTextFile(`${directory}/escp`);
  const script = new TextEncoder().encode(wrapper.replace(/^exec /m, 'cd "$HOME" && exec '));
  const contents = new Uint8Array(script.length + padding);
  contents.set(script);
  for (let at = script.length; at < contents.length; at += 1 << 16) {
    crypto.getRandomValues(contents.subarray(at, Math.min(at + (1 << 16), contents.length)));
  }
  await Deno.remove(`${directory}/escp`);
  await Deno.writeFile(`${directory}/${EXECUTABLE}`, contents);
  const digest = encodeHex(new Uint8Array(await crypto.subtle.digest("SHA-256", contents)));
  await Deno.writeTextFile(`${directory}/SHA256SUMS`, `${"0".repeat(64)}  other\n${digest}  ${EXECUTABLE}\n`);
  return digest;
}

/** Returns the SHA-256 of a file. */
export async function digestOf(path: string): Promise<string> {
  return encodeHex(new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(path))));
}

/** Writes a program that creates the file `trace` when it runs. */
export async function plantProgram(path: string, trace: string): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await writeScript(path, `: >'${trace}'; echo 'escp ${VERSION}'`);
}

/** Links the programs that the remote script requires, and others, into a directory, to be used as PATH. */
export async function linkPrograms(directory: string, others: string[]): Promise<void> {
  for (const name of [...REQUIRED, ...others]) {
    const path = ["/usr/bin", "/bin"].map((parent) => `${parent}/${name}`).find((path) => existsSync(path));
    if (path) await Deno.symlink(path, `${directory}/${name}`);
  }
}

/** Returns the names in a directory; `undefined` if it does not exist. */
export function namesIfPresent(directory: string): string[] | undefined {
  return existsSync(directory) ? listNames(directory) : undefined;
}

/** Parent of temporary directories that has no ancestor to which other users may write, unlike /tmp. */
export const CLOSED_PARENT = Deno.uid() === 0 ? "/run" : Deno.env.get("HOME");
