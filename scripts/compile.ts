/**
 * Writes dist/escp, one file that needs nothing else. `--output PATH` puts it elsewhere; other arguments, such as
 * `--target`, go to `deno compile`. DENORT_BIN names the runtime to put under it where Deno cannot download one.
 */

import { fromFileUrl } from "@std/path";
import { bundle } from "./bundle.ts";

const root = new URL("..", import.meta.url);

async function compile(args: string[]): Promise<number> {
  const rest = [...args];
  const at = rest.indexOf("--output");
  const output = at < 0 ? "dist/escp" : rest.splice(at, 2)[1];
  if (output === undefined) throw new Error("--output needs a path");
  await Deno.mkdir(new URL("dist", root), { recursive: true });
  const folder = await Deno.makeTempDir({ dir: fromFileUrl(new URL("dist", root)), prefix: "bundle-" });
  try {
    const { main, includes } = await bundle(root, folder);
    const { code } = await new Deno.Command(Deno.execPath(), {
      // The code cache would save some 8 ms a start, but it is a file of a known name in the shared temporary folder:
      // whoever puts one there first runs his code as another user. Types are checked by `deno task check`.
      args: ["compile", "--quiet", "--allow-all", "--no-check", "--no-code-cache"]
        .concat(includes.flatMap((path) => ["--include", path]), ["--output", output], rest, main),
      cwd: root,
      stdin: "null",
    }).spawn().status;
    if (code !== 0) return code;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const path = await Deno.realPath(new URL(output, root));
  const { size } = await Deno.stat(path);
  console.log(`${path}: ${(size / 1e6).toFixed(1)} MB, made with Deno ${Deno.version.deno}`);
  return 0;
}

Deno.exit(await compile(Deno.args));
