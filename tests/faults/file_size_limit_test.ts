import { assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { afterAll, beforeAll, it } from "@std/testing/bdd";
import { quoteWord } from "../../src/ssh/remote_command.ts";
import { useAsEscp } from "../e2e/plain_rights.ts";
import { type Scene, startScene, wayName, WAYS } from "../e2e/scene.ts";
import { temporaryFiles } from "../e2e/temporary_files.ts";
import { describeWithSshd } from "../support/needs_sshd.ts";

const MIB = 1 << 20;
/** Exceeded by one file in a pack and by one that is sent in ranges. */
const LIMIT_BYTES = MIB / 2;
const CONFIG = fromFileUrl(new URL("../../deno.json", import.meta.url));
const PROGRAM = fromFileUrl(new URL("limited_main.ts", import.meta.url));

describeWithSshd("a limit of the size of files (ulimit -f)", () => {
  let scene: Scene;
  let limited: string;
  beforeAll(async () => {
    scene = await startScene();
    limited = `${scene.sshd.binDirectory}/limited`;
    const words = [
      Deno.execPath(),
      "run",
      "--quiet",
      "--no-check",
      "--no-code-cache",
      "--allow-all",
      "--config",
      CONFIG,
      PROGRAM,
    ];
    const script = `#!/bin/sh\nLIMIT_BYTES=${LIMIT_BYTES} exec ${words.map(quoteWord).join(" ")} "$@"\n`;
    await Deno.writeTextFile(limited, script, { mode: 0o755 });
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  for (const way of WAYS) {
    it(`fails only the files that exceed it: ${wayName(way)}`, async () => {
      const from = await scene.tree({
        "t/fits": { size: 300_000 },
        "t/small": { size: MIB },
        "t/large": { size: 5 * MIB },
        "t/sub/fits": "x",
      });
      const to = await scene.tree();
      // In a local copy both ends are limited.
      const remote = way.direction === "push";
      using _ = remote ? undefined : useAsEscp(limited);
      const flags = ["-r", "--engine", way.engine, ...(remote ? ["-D", limited] : [])];
      const { code, stderr } = await scene.copy(way, { flags, sources: [`${from}/t`], target: to });
      assertEquals(code, 1, stderr);
      const failures = stderr.split("\n").filter((line) => line.startsWith("escp: Cannot")).sort();
      assertEquals(failures.length, 2, stderr);
      assertMatch(failures[0], /^escp: Cannot write "[^"]*\/t\/large": File too large$/);
      assertMatch(failures[1], /^escp: Cannot write "[^"]*\/t\/small": File too large$/);
      const arrived = [...Deno.readDirSync(`${to}/t`)].map(({ name }) => name).filter((name) => !name.startsWith("."));
      assertEquals(arrived.sort(), ["fits", "sub"]);
      assertEquals(temporaryFiles(to).filter((path) => path.endsWith(".part")), []);
    });
  }
});
