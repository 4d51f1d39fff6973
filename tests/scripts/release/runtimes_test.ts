import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Runtimes } from "../../../scripts/release/runtimes.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";
import { writeScript } from "../../support/shell_script.ts";
import { ROOT } from "./sample_release.ts";

const TARGET = { triple: "x86_64-pc-windows-msvc", extension: ".exe" };
const NAME = "denort-x86_64-pc-windows-msvc.exe";

/** Returns the URL of a loopback port on which nothing listens. */
function closedSite(): string {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return `http://127.0.0.1:${port}`;
}

/** Searches with these variables. */
function find(env: Record<string, string>, { cache = "/none", site = closedSite(), ownTriple = "own" } = {}) {
  return new Runtimes({ env: (name) => env[name], version: "2.6.8", ownTriple, cache, site }).find(TARGET);
}

describe("Runtimes", () => {
  it("find a file in DENORT_DIR, and DENORT_BIN for this machine", async () => {
    await using tree = await createTempTree({ [NAME]: "" });
    assertEquals(await find({ DENORT_DIR: tree.path, DENORT_BIN: "/bin" }), { path: `${tree.path}/${NAME}` });
    assertEquals(await find({ DENORT_BIN: "/bin" }, { ownTriple: TARGET.triple }), { path: "/bin" });
  });

  it("leave a runtime that is cached or can be downloaded to deno compile", async () => {
    await using tree = await createTempTree({ "dl/release/v2.6.8/denort-x86_64-pc-windows-msvc.zip": "" });
    assertEquals(await find({}, { cache: tree.path }), { path: undefined });
    let status = 200;
    await using server = Deno.serve({ port: 0, onListen() {} }, () => new Response(null, { status }));
    const site = `http://127.0.0.1:${server.addr.port}`;
    assertEquals(await find({ DENORT_TOOL: "/none" }, { site }), { path: undefined });
    status = 404;
    const problem = `${site}/release/v2.6.8/denort-x86_64-pc-windows-msvc.zip has status 404`;
    assertEquals(await find({}, { site }), { problem });
  });

  it("take the directory that DENORT_TOOL prints only if the download site cannot be reached", async () => {
    await using tree = await createTempTree({ [`all/${NAME}`]: "" });
    const DENORT_TOOL = await writeScript(`${tree.path}/tool`, `echo ${tree.path}/all`);
    assertEquals(await find({ DENORT_TOOL }), { path: `${tree.path}/all/${NAME}` });
    const refused = await find({ DENORT_TOOL, DENORT_DIR: tree.path });
    assertMatch("problem" in refused ? refused.problem : "", /^http:.*: Connection refused/);
  });
});

describe("deno task compile", () => {
  it("ends with one line that names the variable to set if the download fails", async () => {
    await using cache = await createTempTree({ "dl": { directory: true } });
    const { stdout: info } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
    const { npmCache } = JSON.parse(new TextDecoder().decode(info));
    await Deno.symlink(npmCache, `${cache.path}/npm`);
    const proxy = closedSite();
    for (const [args, setting] of [[[], "DENORT_BIN"], [["--all"], "DENORT_DIR"]] as const) {
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--allow-all", "scripts/compile.ts", ...args],
        cwd: ROOT,
        env: {
          DENO_DIR: cache.path,
          DENORT_BIN: "",
          DENORT_DIR: "",
          DENORT_TOOL: "",
          HTTPS_PROXY: proxy,
          NO_PROXY: "",
          NO_COLOR: "1",
        },
      }).output();
      assertEquals(code, 1);
      const line = new RegExp(
        `^Cannot compile.*: cannot download the runtime \\(https:.*\\); set ${setting} to .*\\n$`,
      );
      assertMatch(new TextDecoder().decode(stderr), line);
    }
  });
});
