/** Programs of the tests in one file, which Deno starts faster than a hundred modules. */

import { createTempDirectory } from "./files/temp.ts";

/** Bundles a module, and returns the path of the bundle, which exists until this process exits. */
export async function bundleProgram(module: URL): Promise<string> {
  const { path } = await createTempDirectory();
  globalThis.addEventListener("unload", () => Deno.removeSync(path, { recursive: true }));
  const bundled = `${path}/program.js`;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "deno", "--output", bundled, module.href],
    stdin: "null",
  }).output();
  if (!success) throw new Error(`Cannot bundle ${module}: ${new TextDecoder().decode(stderr)}`);
  return bundled;
}
