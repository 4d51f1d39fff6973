/**
 * Writes dist/escp, one file that needs nothing else. `--output PATH` puts it elsewhere; other arguments, such as
 * `--target`, go to `deno compile`. DENORT_BIN names the runtime to put under it where Deno cannot download one.
 *
 * `--all` writes one file for each system of a release, dist/escp-VERSION-SYSTEM, and their SHA256SUMS. There DENORT_DIR
 * names a directory with runtimes, denort-TRIPLE (.exe) each, for what cannot be downloaded.
 */

import { encodeHex } from "@std/encoding/hex";
import { fromFileUrl, resolve } from "@std/path";
import { VERSION } from "../src/cli/version.ts";
import { type Bundle, bundle } from "./bundle.ts";
import { exists } from "@std/fs/exists";
import { type Target, TARGETS } from "./targets.ts";

/**
 * The collector leaves the heap alone below so many MiB: most copies need less, and a large collection at their end costs
 * 20 ms (20,000 small files 2 % less, `-u` over them 4 % less; the peak of memory stays as it is).
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
  if (output === undefined) throw new Error("--output needs a path");
  const status = await run(bundled, ["--output", output, ...rest], Deno.env.get("DENORT_BIN"));
  if (status === 0) await say(resolve(root, output));
  return status;
}

/** Every system that there is a runtime for. @returns 1 when one of them is missing. */
async function compileAll(bundled: Bundle): Promise<number> {
  const missing: string[] = [];
  const sums: string[] = [];
  for (const target of TARGETS) {
    const name = `escp-${VERSION}-${target.system}${target.extension}`;
    const path = `${root}dist/${name}`;
    const runtime = await runtimeFor(target);
    const status = await run(bundled, ["--output", path, "--target", target.triple], runtime);
    const bytes = status === 0 ? await Deno.readFile(path) : undefined;
    // With the wrong runtime under it a file comes out all the same.
    if (!bytes || !target.matches(bytes.subarray(0, 512))) {
      if (bytes) await Deno.remove(path);
      missing.push(target.system);
      continue;
    }
    sums.push(`${encodeHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)))}  ${name}\n`);
    await say(path);
  }
  await Deno.writeTextFile(`${root}dist/SHA256SUMS`, sums.join(""));
  if (missing.length === 0) return 0;
  console.error(`Not built, as there is no runtime for them: ${missing.join(", ")}`);
  console.error(
    "Deno downloads it where it can; else put denort-TRIPLE into a directory and name that with DENORT_DIR",
  );
  return 1;
}

/** The runtime that was put aside for a system; DENORT_BIN is one for this machine. Undefined: Deno has to download it. */
async function runtimeFor({ triple, extension }: Target): Promise<string | undefined> {
  const path = `${Deno.env.get("DENORT_DIR") ?? root}/denort-${triple}${extension}`;
  if (await exists(path)) return path;
  return triple === Deno.build.target ? Deno.env.get("DENORT_BIN") : undefined;
}

async function run({ main, includes }: Bundle, args: string[], runtime: string | undefined): Promise<number> {
  const { DENORT_BIN: _, ...env } = Deno.env.toObject();
  const { code } = await new Deno.Command(Deno.execPath(), {
    // The code cache would save some 8 ms a start, but it is a file of a known name in the shared temporary directory:
    // whoever puts one there first runs his code as another user. Types are checked by `deno task check`.
    args: ["compile", "--quiet", "--allow-all", "--no-check", "--no-code-cache", HEAP]
      .concat(includes.flatMap((path) => ["--include", path]), args, main),
    cwd: root,
    env: runtime === undefined ? env : { ...env, DENORT_BIN: runtime },
    clearEnv: true,
    stdin: "null",
  }).spawn().status;
  return code;
}

async function say(path: string): Promise<void> {
  const { size } = await Deno.stat(path);
  console.log(`${path}: ${(size / 1e6).toFixed(1)} MB, made with Deno ${Deno.version.deno}`);
}

Deno.exit(await compile(Deno.args));
