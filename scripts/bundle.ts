/**
 * Bundles modules that are always loaded together. This saves 13 ms of each start (`--receiver` until it waits for its
 * client: 67 -> 54 ms). Dynamically imported modules stay separate: a single file takes 23 ms longer, because nested functions
 * are parsed twice. Chunks that a copy loads together are merged, which saves 10 ms of a client (merge_chunks.ts).
 */

import { stop, transform } from "esbuild";
import { mergeChunks } from "./merge_chunks.ts";
import { walkFiles } from "./walk_files.ts";

/** Modules that are loaded by URL at run time, which a bundler does not follow. */
const WORKERS = ["src/cli/stop_worker.ts", "src/files/portable/device_worker.ts", "src/streams/run/worker.ts"];

/**
 * Functions that a copy imports dynamically, by the stages of a start: that of the remote end, the options, the client until it
 * connects, its session, the engines, the job of the remote end, and both directions.
 */
const STAGES = [
  ["runReceiver"],
  ["commandOf"],
  ["runCopy"],
  ["runSession"],
  ["openMachine", "createNativeEngine"],
  ["runJob"],
  ["send", "findJobSources"],
  ["receive"],
];

/** A bundle: the main module, and the modules that no other imports. */
export interface Bundle {
  main: string;
  includes: string[];
}

/**
 * Bundles main.ts of `root` and its Workers into `directory`.
 *
 * @param options.loadsLate Whether `deno run` loads dynamically imported modules only when they are needed, which saves 25 ms of
 * each start. `deno compile` does not find such modules.
 * @throws {Error} If `deno bundle` fails or its output is not as expected.
 */
export async function bundle(
  root: string,
  directory: string,
  { loadsLate = false }: { loadsLate?: boolean } = {},
): Promise<Bundle> {
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "deno", "--code-splitting", "--outdir", directory, "main.ts", ...WORKERS],
    cwd: root,
    stdin: "null",
  }).spawn().status;
  if (code !== 0) throw new Error(`Cannot bundle main.ts: deno bundle exited with status ${code}`);
  for (const worker of WORKERS) await correctUrl(worker, directory);
  await correctCommonJs(directory);
  await shorten(directory);
  await mergeChunks(directory, STAGES);
  await stop();
  if (loadsLate) await hideImports(directory);
  return { main: `${directory}/main.js`, includes: WORKERS.map((worker) => `${directory}/${bundledName(worker)}`) };
}

/**
 * Removes whitespace and shortens the syntax, which saves a fifth of each start (`-V`: 77 -> 59 ms). Names stay as they are, for
 * the stack traces of bugs; short names would save nothing more.
 */
async function shorten(directory: string): Promise<void> {
  for await (const { path } of walkFiles(directory, { match: /\.js$/ })) {
    const { code } = await transform(await Deno.readTextFile(path), {
      minifyWhitespace: true,
      minifySyntax: true,
      target: "esnext",
    });
    await Deno.writeTextFile(path, code);
  }
}

/** Hides the modules of dynamic imports from Deno, which would load them in advance. */
async function hideImports(directory: string): Promise<void> {
  for await (const { name, isFile } of Deno.readDir(directory)) {
    if (!isFile) continue;
    const text = await Deno.readTextFile(`${directory}/${name}`);
    await Deno.writeTextFile(`${directory}/${name}`, text.replaceAll(/\bimport\(("\.[^"]+")\)/g, "import(String($1))"));
  }
}

/** Corrects the URL of a Worker in the chunk that starts it. All chunks are in the top directory. */
async function correctUrl(worker: string, directory: string): Promise<void> {
  const name = worker.slice(worker.lastIndexOf("/") + 1);
  const written = `new URL("./${name}", import.meta.url)`;
  let found = 0;
  for await (const { name: file, isFile } of Deno.readDir(directory)) {
    if (!isFile) continue;
    const text = await Deno.readTextFile(`${directory}/${file}`);
    if (!text.includes(written)) continue;
    found++;
    await Deno.writeTextFile(
      `${directory}/${file}`,
      text.replace(written, `new URL("./${bundledName(worker)}", import.meta.url)`),
    );
  }
  if (found !== 1) throw new Error(`Cannot bundle ${worker}: ${found} chunks contain its URL instead of one`);
}

/**
 * Corrects what `deno bundle` makes of CommonJS modules. Deno 2.6 does not let modules of Node import tslib as in Node, where
 * its default export is the module. The name of each module contains the path from the clone to the cache of packages, so that
 * the bundles of two clones would differ.
 */
async function correctCommonJs(directory: string): Promise<void> {
  for await (const { name, isFile } of Deno.readDir(directory)) {
    if (!isFile) continue;
    const text = await Deno.readTextFile(`${directory}/${name}`);
    const corrected = text
      .replaceAll(/\b__toESM\((require_tslib\d*\(\))\)/g, "__toESM($1, 1)")
      .replaceAll(/(__commonJS\(\{\s*)"[^"]*\/npm\/[^"/]+\/([^"]+)"/g, '$1"$2"');
    if (corrected !== text) await Deno.writeTextFile(`${directory}/${name}`, corrected);
  }
}

function bundledName(module: string): string {
  return module.replace(/\.ts$/, ".js");
}
