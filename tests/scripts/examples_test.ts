/** The programs of scripts/examples, which use the library, against an ssh server. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { fromFileUrl } from "@std/path";
import { walkFilesSync } from "../../scripts/walk_files.ts";
import { CHROMIUM, openPage, startBrowser } from "../support/browser/chromium.ts";
import { type RunningEscp, startEscp } from "../support/escp/escp_command.ts";
import { compareTrees } from "../support/files/compare_trees.ts";
import { describeWithScene, type Scene } from "../support/scene.ts";
import { writeScript, writeWrapper } from "../support/shell_script.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const TREE = { "from/a": "a", "from/d/b": { size: 2_000_000 }, "from/x.tmp": "x" };

/** Starts an example. Its ssh is that of the scene, or the program that `ssh` names. */
async function start(
  { sshd }: Scene,
  { path, program, args, ssh, env = {} }: {
    path: string;
    program: string;
    args: string[];
    ssh?: string;
    env?: Record<string, string>;
  },
): Promise<RunningEscp> {
  await Deno.mkdir(`${path}/bin`, { recursive: true });
  await writeWrapper(`${path}/bin/ssh`, ssh ? [ssh] : ["/usr/bin/ssh", "-F", sshd.configPath]);
  const deno = [Deno.execPath(), "run", "--quiet", "--allow-all", "--config", `${ROOT}deno.json`];
  return await startEscp(args, {
    command: [...deno, `${ROOT}scripts/examples/${program}.ts`],
    env: { PATH: `${path}/bin:${Deno.env.get("PATH")}`, ...env },
  });
}

describe("each example", () => {
  it("has fewer than 60 lines", async () => {
    for (const { path } of walkFilesSync(`${ROOT}scripts/examples`, { match: /\.ts$/ })) {
      const lines = (await Deno.readTextFile(path)).split("\n").length;
      assert(lines < 60, `${path} has ${lines} lines`);
    }
  });
});

describeWithScene("the example", (scene) => {
  it("backup.ts copies what has changed, and reports failures", async () => {
    const path = await scene.tree({ ...TREE, backup: { directory: true } });
    const run = async (source: string) => {
      const args = [`${path}/${source}`, `testhost:${path}/backup`];
      await using running = await start(scene, { path, program: "backup", args });
      const { code, stdout, stderr } = await running.result;
      return { code, stdout, stderr };
    };
    assertEquals(await run("from"), { code: 0, stdout: "copied files: 2, unchanged: 0\n", stderr: "" });
    assertEquals(await Deno.readTextFile(`${path}/backup/from/a`), "a");
    assertEquals(await run("from"), { code: 0, stdout: "copied files: 0, unchanged: 2\n", stderr: "" });
    const failed = await run("missing");
    assertEquals([failed.code, failed.stdout], [1, ""]);
    assertEquals(failed.stderr, `Cannot read "${path}/missing": No such file or directory\n`);
  });

  it("upload_artifacts.ts tries a host again that cannot be reached, and verifies the files", async () => {
    const path = await scene.tree(TREE);
    // The first login fails.
    const ssh = await writeScript(
      `${path}/flaky-ssh`,
      `if [ ! -e ${path}/tried ]; then touch ${path}/tried; echo refused >&2; exit 255; fi`,
      `exec /usr/bin/ssh -F ${scene.sshd.configPath} "$@"`,
    );
    const args = [`${path}/from`, `testhost:${path}/artifacts`];
    const env = { UPLOAD_PAUSE_MS: "1" };
    await using running = await start(scene, { path, program: "upload_artifacts", args, ssh, env });
    const { code, stdout, stderr } = await running.result;
    assertEquals(code, 0, stderr);
    assert(stderr.startsWith("Attempt 1 of 4 failed: Cannot log in to testhost"), stderr);
    assertStringIncludes(stdout, "testhost: refused\n");
    assert(stdout.endsWith("3 files uploaded, 2000002 bytes, 3 verified\n"), stdout);
    assertEquals(await compareTrees(`${path}/from`, `${path}/artifacts`), []);
  });

  it("watch.ts copies each change until Ctrl-C", async () => {
    const path = await scene.tree(TREE);
    const args = [`${path}/from`, `testhost:${path}/copy`];
    await using running = await start(scene, { path, program: "watch", args });
    await running.waitForText("stdout", /^copied files: 3\n/);
    // A complete file appears at once.
    await Deno.writeTextFile(`${path}/new`, "new");
    await Deno.rename(`${path}/new`, `${path}/from/new`);
    await running.waitForText("stdout", /\ncopied files: 1\n/);
    assertEquals(await Deno.readTextFile(`${path}/copy/new`), "new");
    running.kill("SIGINT");
    const { code, stderr } = await running.result;
    assertEquals([code, stderr], [0, ""]);
  });

  it("fan_out.ts copies to many hosts, and names those that failed", async () => {
    const path = await scene.tree(TREE);
    const hosts = ["testhost", "testhost2", "unknown.invalid"];
    await using running = await start(scene, {
      path,
      program: "fan_out",
      args: [`${path}/from/a`, `${path}/a`, ...hosts],
    });
    const { code, stdout } = await running.result;
    const lines = stdout.trimEnd().split("\n").sort();
    assertEquals(code, 1);
    assertEquals(lines[0].startsWith("testhost2: "), true);
    assertEquals(lines[1].startsWith("testhost: "), true);
    assertEquals(lines[2].startsWith("unknown.invalid: Cannot log in to unknown.invalid"), true);
    assertEquals(await Deno.readTextFile(`${path}/a`), "a");
  });

  it({
    name: "web_progress.ts shows a running copy on a web page",
    ignore: CHROMIUM === undefined,
    fn: async () => {
      const path = await scene.tree({ "from/a": "a", "from/<b>x": { size: 3_000_000 }, "to": { directory: true } });
      const args = [`${path}/from`, `testhost:${path}/to`, "0"];
      await using running = await start(scene, { path, program: "web_progress", args });
      await running.waitForText("stdout", /http:\/\/127\.0\.0\.1:\d+\//);
      const [url] = /http:\/\/127\.0\.0\.1:\d+\//.exec(running.printed.stdout)!;
      const browser = await startBrowser();
      try {
        await using opened = await openPage(browser, url);
        const { page } = opened;
        await page.waitForFunction(`document.getElementById("text").textContent.startsWith("copied")`);
        assertEquals(await page.locator("#text").innerText(), "copied 2 files, 3000001 bytes, 0 failed");
        assertEquals(await page.evaluate(`document.getElementById("bar").value`), 1);
      } finally {
        await browser.close();
      }
      running.kill("SIGINT");
      await running.result;
    },
  });
});
