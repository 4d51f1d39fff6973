/** Checks whether this machine can emulate ARM64. */

import { exists } from "@std/fs/exists";
import { basename } from "@std/path";
import { isAtLeast } from "../../src/version_order.ts";
import { isInstalled } from "../is_installed.ts";
import { QEMU } from "./emulator.ts";

/** The first version of Linux with a private binfmt_misc for each user namespace (namespaces(7)). */
const OLDEST_LINUX = [6, 7] as const;

/** Required programs with their Debian packages. */
const PROGRAMS: Record<string, string> = {
  [QEMU]: "qemu-user-static",
  "/usr/bin/unshare": "util-linux",
  "/usr/bin/nsenter": "util-linux",
  "/usr/bin/apt-get": "apt",
};

/** Returns missing prerequisites. @param more Further required programs with their Debian packages. */
export async function missingPrerequisites(more: Record<string, string> = {}): Promise<string[]> {
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") {
    return [`Linux on x86-64 (this is ${Deno.build.target}; on ARM64 use "deno task test")`];
  }
  const missing = [];
  if (!isAtLeast(Deno.osRelease(), OLDEST_LINUX)) {
    missing.push(`Linux ${OLDEST_LINUX.join(".")} or later (this is ${Deno.osRelease()})`);
  }
  if (Deno.uid() !== 0) missing.push("root, to create namespaces");
  for (const [program, name] of Object.entries({ ...PROGRAMS, ...more })) {
    if (await exists(program) || await isInstalled(basename(program))) continue;
    missing.push(`${program} (apt-get install ${name})`);
  }
  if (missing.length === 0 && !await canUnshare()) missing.push("user namespaces, which this system does not allow");
  return missing;
}

async function canUnshare(): Promise<boolean> {
  const command = new Deno.Command("unshare", { args: ["--user", "--mount", "true"], stdin: "null" });
  return (await command.output()).success;
}
