import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { fromFileUrl } from "@std/path";
import { walkFiles } from "../../scripts/walk_files.ts";
import { createTempDirectory } from "../support/files/temp.ts";

const ROOT = new URL("../../", import.meta.url);

/** Makes every use of Deno fail while modules are loaded, such as opening a library or listening for a signal. */
const FORBID = `
  // Modules of Deno use it while they are loaded.
  await import("node:fs"), await import("node:zlib");
  Object.defineProperty(Deno, "build", { value: { ...Deno.build, os: Deno.args[0] } });
  for (const key of Object.keys(Deno)) {
    const value = Reflect.get(Deno, key);
    if (typeof value !== "function" || key === "exit") continue;
    Object.defineProperty(Deno, key, { value: function () { throw new Error("Deno." + key + " is used") } });
  }
`;

describe("all modules", () => {
  for (const os of ["linux", "darwin", "windows"]) {
    it(`load on ${os} without permissions and without using the system`, async () => {
      await using directory = await createTempDirectory();
      const files = await sourceFiles("src/");
      const imports = files.map((file) => `await import(${JSON.stringify(new URL(file, ROOT).href)});`);
      await Deno.writeTextFile(`${directory.path}/load.ts`, `${FORBID}\n${imports.join("\n")}\nconsole.log("loaded");`);
      assertEquals(await run(`${directory.path}/load.ts`, os), { stdout: "loaded\n", stderr: "" });
    });
  }

  it("are reported if they use the system", async () => {
    await using directory = await createTempDirectory();
    await Deno.writeTextFile(`${directory.path}/load.ts`, `${FORBID}\nDeno.dlopen("libc.so.6", {});`);
    const { stderr } = await run(`${directory.path}/load.ts`, "linux");
    assertEquals(stderr.includes("Deno.dlopen is used"), true, stderr);
  });
});

async function sourceFiles(directory: string): Promise<string[]> {
  const files = await Array.fromAsync(walkFiles(fromFileUrl(new URL(directory, ROOT)), { match: /\.ts$/ }));
  return files.map(({ below }) => directory + below).sort();
}

async function run(module: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const config = fromFileUrl(new URL("deno.json", ROOT));
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--no-prompt", "--config", config, module, ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
