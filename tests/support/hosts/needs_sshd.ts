/** Suites that need a real ssh server. Without one, each case is skipped by name with the reason. */

import { describe, type TestOptions } from "../bdd.ts";

/** sshd insists on being started by its absolute path, which is the same on every system. */
export const SSHD_PATH = "/usr/sbin/sshd";

/** Reason why no ssh server can be started on this system; undefined if it can. */
export const sshdProblem: string | undefined = findProblem();

/** Registers a suite, like `describe`. If no ssh server can be started, its name has the reason and all cases are skipped. */
export function describeWithSshd(name: string, body: () => void): void;
export function describeWithSshd(name: string, options: TestOptions, body: () => void): void;
export function describeWithSshd(name: string, ...rest: [() => void] | [TestOptions, () => void]): void {
  const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest;
  if (sshdProblem === undefined) describe(name, options, body);
  else describe(`${name} (skipped: ${sshdProblem})`, { ...options, ignore: true }, body);
}

function findProblem(): string | undefined {
  if (Deno.build.os === "windows") return "no sshd on Windows";
  if (!isExecutable(SSHD_PATH)) return `no ${SSHD_PATH}`;
  for (const program of ["ssh", "ssh-keygen"]) {
    const directories = (Deno.env.get("PATH") ?? "").split(":");
    if (!directories.some((directory) => isExecutable(`${directory}/${program}`))) return `no ${program} in the PATH`;
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    const stat = Deno.statSync(path);
    return stat.isFile && ((stat.mode ?? 0) & 0o111) !== 0;
  } catch {
    return false;
  }
}
