import { assert, assertEquals, assertMatch } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { alteredEscp, useAsEscp } from "../../support/escp/escp_command.ts";
import { assertSame, notedBytes, sentBytes } from "../../support/escp/interruptions.ts";
import { describeWithScene, type Direction, ENGINES, type Variant } from "../../support/scene.ts";
import { writeWrapper } from "../../support/shell_script.ts";
import { temporaryFiles } from "../../support/escp/temporary_files.ts";

const SIZE = 64 << 20;
/** The portable engine has no threads. */
const ignore = !ENGINES.includes("native");

describeWithScene(
  "a failing thread",
  { ignore },
  (scene) => {
    let source: string;
    let failing: string;
    beforeAll(async () => {
      source = await scene.tree({ "big": { size: SIZE, mtime: new Date("2001-02-03T04:05:06Z") } });
      const path = `${scene.sshd.binDirectory}/failing`;
      failing = await writeWrapper(path, alteredEscp("failing_workers.ts"), "export ESCP_THREADS=2 FAIL_AFTER=1");
    });

    const CASES: [Direction, end: string][] = [
      ["push", "the client"],
      ["push", "the remote end"],
      // The client starts the receiver with the same program.
      ["local", "both ends"],
    ];
    for (const [direction, end] of CASES) {
      it(`of ${end} ends a ${direction} copy, which the same command resumes`, async () => {
        const variant: Variant = { direction, engine: "native", streams: 4 };
        const to = await scene.tree({ "big": "old" });
        const copy = { sources: [`${source}/big`], target: `${to}/big` };
        {
          const remote = end === "the remote end";
          using _ = remote ? undefined : useAsEscp(failing);
          const flags = ["-l", "400000", ...(remote ? ["-D", failing] : [])];
          const { code, stderr, leftBehind } = await scene.copy(variant, { ...copy, flags });
          assertEquals(code, 1, stderr);
          assertMatch(stderr, /A stream's thread failed: .*thread on purpose/);
          assertEquals(await leftBehind(), []);
          await scene.sshd.waitForNoSession();
        }
        assertEquals(await Deno.readTextFile(`${to}/big`), "old");
        const noted = notedBytes(to);
        const { code, stdout, stderr } = await scene.copy(variant, { ...copy, flags: ["--json"] });
        assertEquals([code, stderr], [0, ""]);
        // A block that came again, after its first stream was lost, is noted twice.
        const sent = sentBytes(stdout);
        assert(sent < (SIZE - noted) * 1.1, `${sent} of ${SIZE}, ${noted} were noted`);
        await assertSame(`${source}/big`, `${to}/big`);
        assertEquals(temporaryFiles(to), []);
      });
    }
  },
);
