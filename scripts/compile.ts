/**
 * Writes dist/escp, one file that needs nothing else. `--output PATH` puts it elsewhere; other arguments, such as
 * `--target`, go to `deno compile`. DENORT_BIN names the runtime to put under it where Deno cannot download one.
 */

import { exists } from "./exists.ts";

const root = new URL("..", import.meta.url);

/** Loaded by their address at run time, so that `deno compile` does not find them by itself. */
const WORKERS = ["src/streams/stream_worker.ts"];

async function compile(args: string[]): Promise<number> {
  const rest = [...args];
  const at = rest.indexOf("--output");
  const output = at < 0 ? "dist/escp" : rest.splice(at, 2)[1];
  if (output === undefined) throw new Error("--output needs a path");
  await Deno.mkdir(new URL("dist", root), { recursive: true });
  const includes: string[] = [];
  for (const worker of WORKERS) if (await exists(new URL(worker, root))) includes.push("--include", worker);
  const { code } = await new Deno.Command(Deno.execPath(), {
    // The code cache would save some 8 ms a start, but it is a file of a known name in the shared temporary folder: whoever
    // puts one there first runs his code as another user. Types are checked by `deno task check`.
    args: ["compile", "--quiet", "--allow-all", "--no-check", "--no-code-cache", ...includes, "--output", output]
      .concat(rest, "main.ts"),
    cwd: root,
    stdin: "null",
  }).spawn().status;
  if (code !== 0) return code;
  const path = await Deno.realPath(new URL(output, root));
  const { size } = await Deno.stat(path);
  console.log(`${path}: ${(size / 1e6).toFixed(1)} MB, made with Deno ${Deno.version.deno}`);
  return 0;
}

Deno.exit(await compile(Deno.args));
