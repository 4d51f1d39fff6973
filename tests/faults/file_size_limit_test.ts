import { assertEquals, assertMatch } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { alteredEscp, type EscpResult, useAsEscp } from "../support/escp/escp_command.ts";
import { listNames } from "../support/files/list_names.ts";
import { type Copy, describeWithScene, type Variant, variantName, VARIANTS } from "../support/scene.ts";
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

  /** Copies with a limited receiver. In a local copy both ends are limited. */
  async function copyLimited(variant: Variant, { flags = [], ...copy }: Copy): Promise<EscpResult> {
    const remote = variant.direction === "push";
    using _ = remote ? undefined : useAsEscp(limited);
    const more = ["--engine", variant.engine, ...(remote ? ["-D", limited] : [])];
    return await scene.copy(variant, { flags: [...flags, ...more], ...copy });
  }

  for (const variant of VARIANTS) {
    it(`fails only files that exceed it: ${variantName(variant)}`, async () => {
      const from = await scene.tree({
        "t/fits": { size: 300_000 },
        "t/small": { size: MIB },
        "t/large": { size: 5 * MIB },
        "t/sub/fits": "x",
      });
      const to = await scene.tree();
      const { code, stderr } = await copyLimited(variant, { flags: ["-r"], sources: [`${from}/t`], target: to });
      assertEquals(code, 1, stderr);
      const failures = stderr.split("\n").filter((line) => line.startsWith("escp: Cannot")).sort();
      assertEquals(failures.length, 2, stderr);
      assertMatch(failures[0], /^escp: Cannot write "[^"]*\/t\/large": File too large$/);
      assertMatch(failures[1], /^escp: Cannot write "[^"]*\/t\/small": File too large$/);
      const arrived = listNames(`${to}/t`).filter((name) => !name.startsWith("."));
      assertEquals(arrived, ["fits", "sub"]);
      assertEquals(temporaryFiles(to).filter((path) => path.endsWith(".part")), []);
    });

    it(`leaves no hard link to a file that exceeds it: ${variantName(variant)}`, async () => {
      const from = await scene.tree({
        "small": { size: MIB },
        "small link": { hardLink: "small" },
        "large": { size: 5 * MIB },
        "large link": { hardLink: "large" },
        "fits": "x",
        "fits too": { hardLink: "fits" },
      });
      const old = { "small": "old", "small link": "old link", "large": "old", "large link": "old link" };
      const to = await scene.tree(old);
      const { code, stderr } = await copyLimited(variant, { flags: ["-a"], sources: [`${from}/.`], target: to });
      assertEquals(code, 1, stderr);
      // The order of names in a directory decides which of them is the first.
      for (const name of ["small", "large"]) {
        assertMatch(stderr, new RegExp(`^escp: Cannot write "${to}/${name}( link)?": File too large$`, "m"));
        assertMatch(stderr, new RegExp(`^escp: Cannot link "${name}.*" to "${name}.*": the first name was not`, "m"));
      }
      for (const [name, content] of Object.entries(old)) {
        assertEquals(await Deno.readTextFile(`${to}/${name}`), content, name);
      }
      assertEquals(
        listNames(to).filter((name) => !name.startsWith(".")),
        [...Object.keys(old), "fits", "fits too"].sort(),
      );
      const [{ ino }, { ino: linked }] = ["fits", "fits too"].map((name) => Deno.statSync(`${to}/${name}`));
      assertEquals(linked, ino);
    });
  }
});
