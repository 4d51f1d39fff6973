/** Commands that see other users and groups than this machine, by mount namespaces. Linux, as root. */

import { isRoot } from "../../files/file_engines.ts";
import { writeTree } from "../files/temp_tree.ts";
import { writeWrapper } from "../shell_script.ts";

/** Reason why commands cannot see other accounts; undefined if they can. */
export const accountsProblem: string | undefined = findProblem();

/** User and group of one name, with one number each. */
export interface NamedOwner {
  uid: number;
  gid: number;
}

/**
 * Writes a wrapper of a command that sees root, the user "escp-alice" and the group "escp-team".
 *
 * @param others Number of further users, whose numbers follow that of "escp-alice".
 * @returns its path.
 */
export async function writeWithUsers(
  directory: string,
  { uid, gid }: NamedOwner,
  command: readonly string[],
  others = 0,
): Promise<string> {
  const more = Array.from({ length: others }, (_, at) => `escp-${at}:x:${uid + at + 1}:${gid}::/:/bin/sh\n`).join("");
  await writeTree(directory, {
    "passwd": `root:x:0:0::/root:/bin/sh\nescp-alice:x:${uid}:${gid}::/:/bin/sh\n${more}`,
    "group": `root:x:0:\nescp-team:x:${gid}:\n`,
  });
  return await writeMounted(directory, ["passwd", "group"], command);
}

/** A directory service that knows the user and group "escp-slow". */
export interface SlowService {
  /** Number of the user and of the group. */
  id: number;
  /** Time that each look-up takes. */
  ms: number;
  /** Number of first look-ups of each process that fail. Default: 0. */
  failures?: number;
}

/** Reason why there can be no slow directory service; undefined if there can. */
export const slowServiceProblem: string | undefined = accountsProblem ?? findCompilerProblem();

/**
 * Writes a wrapper of a command on a host with a slow directory service, which nss_slow.c is.
 *
 * @returns the paths of the wrapper, and of the log, which gets a line for each look-up.
 */
export async function writeWithSlowService(
  directory: string,
  { id, ms, failures = 0 }: SlowService,
  command: readonly string[],
): Promise<{ path: string; log: string }> {
  const source = new URL("nss_slow.c", import.meta.url).pathname;
  const args = ["-shared", "-fPIC", "-o", `${directory}/libnss_escpslow.so.2`, source];
  const { success, stderr } = await new Deno.Command("cc", { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  await writeTree(directory, { "nsswitch.conf": "passwd: files escpslow\ngroup: files escpslow\n", "lookups": "" });
  const log = `${directory}/lookups`;
  const settings = {
    LD_LIBRARY_PATH: directory,
    ESCP_SLOW_ID: id,
    ESCP_SLOW_MS: ms,
    ESCP_SLOW_FAILURES: failures,
    ESCP_SLOW_LOG: log,
  };
  const exports = Object.entries(settings).map(([name, value]) => `export ${name}='${value}'`);
  return { path: await writeMounted(directory, ["nsswitch.conf"], command, exports), log };
}

/** Writes a wrapper of a command that sees these files of the directory in /etc. */
async function writeMounted(
  directory: string,
  names: readonly string[],
  command: readonly string[],
  setup: readonly string[] = [],
): Promise<string> {
  const mounts = names.map((name) => `mount --bind ${directory}/${name} /etc/${name}`).join(" && ");
  const inNamespace = ["unshare", "-m", "--propagation", "private", "sh", "-c", `${mounts} && exec "$@"`, "sh"];
  return await writeWrapper(`${directory}/escp`, [...inNamespace, ...command], ...setup);
}

function findProblem(): string | undefined {
  if (Deno.build.os !== "linux") return "only on Linux";
  if (!isRoot) return "not root";
  const { success } = new Deno.Command("unshare", { args: ["-m", "true"], stdout: "null", stderr: "null" })
    .outputSync();
  return success ? undefined : "without mount namespaces";
}

function findCompilerProblem(): string | undefined {
  try {
    const { success } = new Deno.Command("cc", { args: ["--version"], stdout: "null" }).outputSync();
    return success ? undefined : "cc does not work";
  } catch {
    return "cc is not installed";
  }
}
