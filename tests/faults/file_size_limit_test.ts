import { assertEquals, assertMatch } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { alteredEscp, useAsEscp } from "../support/escp/escp_command.ts";
import { listNames } from "../support/files/list_names.ts";
import { describeWithScene, variantName, VARIANTS } from "../support/scene.ts";
import { writeWrapper } from "../support/shell_script.ts";
import { temporaryFiles } from "../support/escp/temporary_files.ts";

const MIB = 1 << 20;
/** One file in a pack and one in ranges exceed it. */
const LIMIT_BYTES = MIB / 2;

describeWithScene("a limit of the size of files (ulimit -f)", (scene) => {
  let limited: string;
  beforeAll(async () => {
    const command = alteredEscp("limited_file_size.ts");
    limited = await writeWrapper(`${scene.sshd.binDirectory}/limited`, command, `export LIMIT_BYTES=${LIMIT_BYTES}`);
  });

  for (const variant of VARIANTS) {
    it(`fails only files that exceed it: ${variantName(variant)}`, async () => {
      const from = await scene.tree({
        "t/fits": { size: 300_000 },
        "t/small": { size: MIB },
        "t/large": { size: 5 * MIB },
        "t/sub/fits": "x",
      });
      const to = await scene.tree();
      // In a local copy both ends are limited.
      const remote = variant.direction === "push";
      using _ = remote ? undefined : useAsEscp(limited);
      const flags = ["-r", "--engine", variant.engine, ...(remote ? ["-D", limited] : [])];
      const { code, stderr } = await scene.copy(variant, { flags, sources: [`${from}/t`], target: to });
      assertEquals(code, 1, stderr);
      const failures = stderr.split("\n").filter((line) => line.startsWith("escp: Cannot")).sort();
      assertEquals(failures.length, 2, stderr);
      assertMatch(failures[0], /^escp: Cannot write "[^"]*\/t\/large": File too large$/);
      assertMatch(failures[1], /^escp: Cannot write "[^"]*\/t\/small": File too large$/);
      const arrived = listNames(`${to}/t`).filter((name) => !name.startsWith("."));
      assertEquals(arrived, ["fits", "sub"]);
      assertEquals(temporaryFiles(to).filter((path) => path.endsWith(".part")), []);
    });
  }
});
