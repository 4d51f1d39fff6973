/** Makes an executable of a bundle by `deno compile`. */

import type { Bundle } from "../bundle.ts";

/**
 * Initial heap size in MiB, below which no large garbage collection runs. Most copies need less, and a collection at their end
 * costs 20 ms (2 % of 20,000 small files, 4 % of `-u` with them). The peak of memory stays the same.
 */
const HEAP = "--v8-flags=--initial-heap-size=64";

/** Output and settings of `deno compile`. */
export interface CompileOptions {
  /** Absolute path of the executable. */
  output: string;
  /** Further arguments of `deno compile`. */
  args: readonly string[];
  /** Path of a runtime. Default: Deno's cache or its download site. */
  runtime?: string;
}

/** Writes the executable. Returns whether `deno compile` succeeded; if not, its error is printed. */
export async function compileBundle({ main, includes }: Bundle, options: CompileOptions): Promise<boolean> {
  const { DENORT_BIN: _, ...env } = Deno.env.toObject();
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    // The code cache would save 8 ms per start, but it has a predictable name in the shared temporary directory: another
    // user could plant code there. `deno task check` checks the types.
    args: ["compile", "--quiet", "--allow-all", "--no-check", "--no-code-cache", HEAP]
      .concat(includes.flatMap((path) => ["--include", path]), ["--output", options.output], options.args, main),
    env: options.runtime === undefined ? env : { ...env, DENORT_BIN: options.runtime },
    clearEnv: true,
    stdin: "null",
    stdout: "inherit",
    stderr: "piped",
  }).output();
  if (!success) console.error(withoutStack(new TextDecoder().decode(stderr)));
  return success;
}

/** Returns the message of Deno without the stack trace of its own code. */
function withoutStack(stderr: string): string {
  return stderr.replace(/\n+Stack backtrace:[^]*/, "").trimEnd();
}
