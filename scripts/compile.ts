/**
 * Writes dist/escp, a single executable. `--output PATH` selects another path; other arguments, such as `--target`, go to
 * `deno compile`. DENORT_BIN names the runtime if Deno cannot download one.
 *
 * `--all` writes dist/escp-VERSION-SYSTEM for each system of a release, and their SHA256SUMS. DENORT_DIR names a directory with
 * runtimes, denort-TRIPLE (.exe), for those that Deno cannot download.
 */

import { encodeHex } from "@std/encoding/hex";
import { fromFileUrl, resolve } from "@std/path";
import { VERSION } from "../src/cli/version.ts";
import { type Bundle, bundle } from "./bundle.ts";
import { exists } from "@std/fs/exists";
import { type Target, TARGETS } from "./targets.ts";

/**
 * Initial heap size in MiB, below which no large garbage collection runs. Most copies need less, and a collection at their end
 * costs 20 ms (2 % of 20,000 small files, 4 % of `-u` with them). The peak of memory stays the same.
 */
const HEAP = "--v8-flags=--initial-heap-size=64";

const root = fromFileUrl(new URL("..", import.meta.url));

async function compile(args: string[]): Promise<number> {
  await Deno.mkdir(`${root}dist`, { recursive: true });
  const directory = await Deno.makeTempDir({ dir: `${root}dist`, prefix: "bundle-" });
  try {
    const bundled = await bundle(root, directory);
    return args[0] === "--all" ? await compileAll(bundled) : await compileOne(bundled, args);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function compileOne(bundled: Bundle, args: string[]): Promise<number> {
  const rest = [...args];
  const at = rest.indexOf("--output");
  const output = at < 0 ? "dist/escp" : rest.splice(at, 2)[1];
  if (output === undefined) throw new Error("Cannot use --output: it needs a path");
  const status = await run(bundled, ["--output", output, ...rest], Deno.env.get("DENORT_BIN"));
  if (status === 0) await report(resolve(root, output));
  return status;
}

/** Compiles for every system with a runtime. @returns 1 if a runtime is missing. */
async function compileAll(bundled: Bundle): Promise<number> {
  const missing: string[] = [];
  const sums: string[] = [];
  for (const target of TARGETS) {
    const name = `escp-${VERSION}-${target.system}${target.extension}`;
    const path = `${root}dist/${name}`;
    const runtime = await runtimeFor(target);
    const status = await run(bundled, ["--output", path, "--target", target.triple], runtime);
    const bytes = status === 0 ? await Deno.readFile(path) : undefined;
    // `deno compile` also succeeds with the runtime of another system.
    if (!bytes || !target.matches(bytes.subarray(0, 512))) {
      if (bytes) await Deno.remove(path);
      missing.push(target.system);
      continue;
    }
    sums.push(`${encodeHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)))}  ${name}\n`);
    await report(path);
  }
  await Deno.writeTextFile(`${root}dist/SHA256SUMS`, sums.join(""));
  if (missing.length === 0) return 0;
  console.error(`Cannot compile for ${missing.join(", ")}: no runtime`);
  console.error("hint: Put denort-TRIPLE into a directory, and set DENORT_DIR to it");
  return 1;
}

/** Returns the path of the runtime of a system; DENORT_BIN is that of this machine. `undefined` if Deno must download it. */
async function runtimeFor({ triple, extension }: Target): Promise<string | undefined> {
  const path = `${Deno.env.get("DENORT_DIR") ?? root}/denort-${triple}${extension}`;
  if (await exists(path)) return path;
  return triple === Deno.build.target ? Deno.env.get("DENORT_BIN") : undefined;
}

async function run({ main, includes }: Bundle, args: string[], runtime: string | undefined): Promise<number> {
  const { DENORT_BIN: _, ...env } = Deno.env.toObject();
  const { code } = await new Deno.Command(Deno.execPath(), {
    // The code cache would save 8 ms per start, but it has a predictable name in the shared temporary directory: another
    // user could plant code there. `deno task check` checks the types.
    args: ["compile", "--quiet", "--allow-all", "--no-check", "--no-code-cache", HEAP]
      .concat(includes.flatMap((path) => ["--include", path]), args, main),
    cwd: root,
    env: runtime === undefined ? env : { ...env, DENORT_BIN: runtime },
    clearEnv: true,
    stdin: "null",
  }).spawn().status;
  return code;
}

async function report(path: string): Promise<void> {
  const { size } = await Deno.stat(path);
  console.log(`${path}: ${(size / 1e6).toFixed(1)} MB, made with Deno ${Deno.version.deno}`);
}

Deno.exit(await compile(Deno.args));
