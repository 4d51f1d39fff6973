/** The arguments of `deno task test`. */

import { parseArgs } from "@std/cli/parse-args";

/** Parsed arguments. */
export interface TestArgs {
  /** Files and directories; empty for all tests. */
  paths: string[];
  /** Maximum number of files to run at a time. */
  jobs: number;
  /** Whether tests start escp from its modules instead of a bundle. */
  fromSource: boolean;
  /** File to which failures are appended. */
  failures: string | undefined;
  /** Arguments for `deno test`. */
  flags: string[];
}

/** Parses the arguments. Unknown options go to `deno test`. */
export function parseTestArgs(args: string[]): TestArgs {
  const flags: string[] = [];
  const parsed: { _: string[]; jobs: string; failures?: string; "from-source": boolean } = parseArgs(args, {
    string: ["jobs", "failures", "_"],
    boolean: ["from-source"],
    // Two more than the cores: tests also wait for processes and timeouts.
    default: { jobs: `${navigator.hardwareConcurrency + 2}` },
    unknown(arg: string, key: string | undefined) {
      if (key === undefined) return true;
      // Called for each letter of "-abc".
      if (flags.at(-1) !== arg) flags.push(arg);
      return false;
    },
  });
  const { _: paths, jobs, failures, "from-source": fromSource } = parsed;
  return { paths, jobs: Number(jobs), fromSource, failures, flags };
}
