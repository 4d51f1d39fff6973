/** Runtimes for `deno compile`: local files, Deno's cache, or its download site. */

import { exists } from "@std/fs/exists";
import type { Target } from "../targets.ts";

/** Download site of Deno. */
const SITE = "https://dl.deno.land";
const PROBE_TIMEOUT_MS = 10_000;

/** Where runtimes are searched. */
export interface RuntimeSearch {
  /** Returns the value of a variable. */
  env(name: string): string | undefined;
  /** Version of Deno. */
  version: string;
  /** Target triple of this machine. */
  ownTriple: string;
  /** Deno's cache directory. */
  cache: string;
  /** Default: Deno's download site. */
  site?: string;
}

/** A runtime. Without a path, `deno compile` has it in its cache or downloads it. */
export type Runtime = { path: string | undefined } | { problem: string };

/** Finds runtimes by DENORT_DIR, DENORT_BIN (for this machine), Deno's cache, its download site, or DENORT_TOOL. */
export class Runtimes {
  readonly #search: RuntimeSearch;
  #toolDirectory: Promise<string | undefined> | undefined;

  constructor(search: RuntimeSearch) {
    this.#search = search;
  }

  /** Returns the runtime of a system, or the reason why there is none. */
  async find({ triple, extension }: Pick<Target, "triple" | "extension">): Promise<Runtime> {
    const { env, ownTriple } = this.#search;
    const name = `denort-${triple}${extension}`;
    const directory = env("DENORT_DIR");
    if (directory && await exists(`${directory}/${name}`)) return { path: `${directory}/${name}` };
    if (env("DENORT_BIN") && triple === ownTriple) return { path: env("DENORT_BIN") };
    const problem = await this.#downloadProblem(triple);
    if (problem === undefined) return { path: undefined };
    if (!directory && env("DENORT_TOOL")) {
      this.#toolDirectory ??= runTool(env("DENORT_TOOL")!);
      const found = await this.#toolDirectory;
      if (found && await exists(`${found}/${name}`)) return { path: `${found}/${name}` };
    }
    return { problem };
  }

  /**
   * Returns why `deno compile` cannot get a runtime; `undefined` if it can. `deno compile` itself retries a download for more
   * than a minute.
   */
  async #downloadProblem(triple: string): Promise<string | undefined> {
    const { version, cache, site = SITE } = this.#search;
    const path = `release/v${version}/denort-${triple}.zip`;
    if (await exists(`${cache}/dl/${path}`)) return undefined;
    try {
      const url = `${site}/${path}`;
      const { ok, status } = await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
      return ok ? undefined : `${url} has status ${status}`;
    } catch (error) {
      return `${site}: ${reasonOf(error)}`;
    }
  }
}

/** Returns the last part of an error of fetch or of its cause, which is the reason in the words of the system. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message.split(": ").at(-1)!;
}

/** Runs DENORT_TOOL and returns the directory that it prints; `undefined` if it does not exist or fails. */
async function runTool(tool: string): Promise<string | undefined> {
  if (!await exists(tool)) return undefined;
  const { success, stdout } = await new Deno.Command(tool, { stdin: "null", stderr: "inherit" }).output();
  return success ? new TextDecoder().decode(stdout).trim() : undefined;
}

/** Returns Deno's cache directory. */
export async function denoCache(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"], stdin: "null" }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}
