/**
 * Writes dist/escp, a single executable. `--output PATH` selects another path; other arguments, such as `--target`, go to
 * `deno compile`. DENORT_BIN names the runtime if Deno cannot download one.
 *
 * `--all` writes a release into dist: an executable, an archive and an npm package for each system, the documents, and their
 * SHA256SUMS. DENORT_DIR names a directory with runtimes, denort-TRIPLE (.exe). DENORT_TOOL names a program that prints such
 * a directory; it runs if DENORT_DIR is unset and Deno's download site cannot be reached.
 */

import { fromFileUrl, resolve } from "@std/path";
import { VERSION } from "../src/cli/version.ts";
import { type Bundle, bundle } from "./bundle.ts";
import { compileBundle } from "./release/compile_bundle.ts";
import { machOProblem } from "./release/mach_o.ts";
import { denoCache, Runtimes } from "./release/runtimes.ts";
import { stabilizeBundle } from "./release/stable_bundle.ts";
import { type BuiltExecutable, writeRelease } from "./release/write_release.ts";
import { type Target, TARGETS } from "./targets.ts";

const root = fromFileUrl(new URL("..", import.meta.url));

async function compile(args: string[]): Promise<number> {
  const runtimes = new Runtimes({
    env: (name) => Deno.env.get(name),
    version: Deno.version.deno,
    ownTriple: Deno.build.target,
    cache: await denoCache(),
  });
  await Deno.mkdir(`${root}dist`, { recursive: true });
  return args[0] === "--all" ? await compileAll(runtimes) : await compileOne(runtimes, args);
}

async function compileOne(runtimes: Runtimes, args: string[]): Promise<number> {
  const rest = [...args];
  const at = rest.indexOf("--output");
  const output = at < 0 ? "dist/escp" : rest.splice(at, 2)[1];
  if (output === undefined) throw new Error("Cannot use --output: it needs a path");
  const triple = targetOf(rest);
  // DENORT_BIN is also used for another system that is named.
  const runtime = Deno.env.get("DENORT_BIN")
    ? { path: Deno.env.get("DENORT_BIN") }
    : await runtimes.find({ triple, extension: triple.includes("windows") ? ".exe" : "" });
  if ("problem" in runtime) {
    const setting = `set DENORT_BIN to denort-${triple} of Deno ${Deno.version.deno}`;
    console.error(`Cannot compile: cannot download the runtime (${runtime.problem}); ${setting}`);
    return 1;
  }
  const path = resolve(root, output);
  return await withBundle(async (bundled) => {
    const compiled = await compileBundle(bundled, { output: path, args: rest, runtime: runtime.path });
    if (!compiled) return 1;
    await report(path);
    return 0;
  });
}

/** Returns the target triple that the arguments name. Default: that of this machine. */
function targetOf(args: readonly string[]): string {
  const at = args.findIndex((arg) => /^--target(=|$)/.test(arg));
  if (at < 0) return Deno.build.target;
  return args[at].includes("=") ? args[at].slice("--target=".length) : args[at + 1] ?? "";
}

/** Writes a release for every system with a runtime. @returns 1 if a runtime is missing. */
async function compileAll(runtimes: Runtimes): Promise<number> {
  const found = await Promise.all(TARGETS.map(async (target) => ({ target, runtime: await runtimes.find(target) })));
  const problems = found.flatMap(({ runtime }) => "problem" in runtime ? [runtime.problem] : []);
  const missing = found.filter(({ runtime }) => "problem" in runtime).map(({ target }) => target);
  const ready = found.flatMap(({ target, runtime }) => "path" in runtime ? [{ target, runtime: runtime.path }] : []);
  if (ready.length > 0) {
    const built: BuiltExecutable[] = [];
    await withBundle(async (bundled) => {
      for (const { target, runtime } of ready) {
        const path = `${root}dist/escp-${VERSION}-${target.system}${target.extension}`;
        if (await compileFor(target, bundled, path, runtime)) built.push({ target, path });
        else missing.push(target);
      }
    });
    await writeRelease(built, { root, directory: `${root}dist`, version: VERSION });
  }
  if (missing.length === 0) return 0;
  const reason = problems.length > 0 ? `cannot download the runtime (${problems[0]})` : "the runtime is not usable";
  const files = missing.length > 1 ? "denort-TRIPLE" : `denort-${missing[0].triple}${missing[0].extension}`;
  const setting = `set DENORT_DIR to a directory with ${files} of Deno ${Deno.version.deno}`;
  console.error(`Cannot compile for ${missing.map(({ system }) => system).join(", ")}: ${reason}; ${setting}`);
  return 1;
}

/** Compiles for one system. Returns whether the executable is one of this system. */
async function compileFor(
  target: Target,
  bundled: Bundle,
  path: string,
  runtime: string | undefined,
): Promise<boolean> {
  const compiled = await compileBundle(bundled, { output: path, args: ["--target", target.triple], runtime });
  if (!compiled) return false;
  const problem = problemOf(target, await Deno.readFile(path));
  if (problem === undefined) {
    await report(path);
    return true;
  }
  console.error(`Cannot use ${path}: ${problem}`);
  await Deno.remove(path);
  return false;
}

/** Returns why a system would refuse an executable. */
function problemOf({ system, matches }: Target, executable: Uint8Array): string | undefined {
  // `deno compile` also succeeds with the runtime of another system.
  if (!matches(executable.subarray(0, 512))) return `the runtime is not one for ${system}`;
  return system.startsWith("macos-") ? machOProblem(executable) : undefined;
}

/** Runs `use` with a bundle of escp in a temporary directory. */
async function withBundle<T>(use: (bundled: Bundle) => Promise<T>): Promise<T> {
  const directory = await Deno.makeTempDir({ prefix: "escp-bundle-" });
  try {
    const bundled = await bundle(root, directory);
    await stabilizeBundle(directory);
    return await use(bundled);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function report(path: string): Promise<void> {
  const { size } = await Deno.stat(path);
  console.log(`${path}: ${(size / 1e6).toFixed(1)} MB, made with Deno ${Deno.version.deno}`);
}

Deno.exit(await compile(Deno.args));
