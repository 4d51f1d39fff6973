/** The programs in "Use it from a program" of src/cli/MANUAL.md are run against an ssh server. */

import { assert, assertEquals } from "@std/assert";
import { it } from "@std/testing/bdd";
import { fromFileUrl, relative } from "@std/path";
import { runEscp } from "../support/escp/escp_command.ts";
import { writeTree } from "../support/files/temp_tree.ts";
import { describeWithScene } from "../support/scene.ts";
import { writeWrapper } from "../support/shell_script.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const manual = await Deno.readTextFile(`${ROOT}src/cli/MANUAL.md`);
const [, chapter] = manual.split("\n## Use it from a program\n");
const sections = chapter.split("\n## ")[0].split("\n### ").slice(1);

/** Comments at the end of a program are its output. */
const OUTPUT = /((?:^\/\/ .*\n)+)$/m;

describeWithScene('"Use it from a program"', (scene) => {
  for (const section of sections) {
    const [heading] = section.split("\n");
    it(`has a program with this output: ${heading}`, async () => {
      const [, program] = /^```ts\n([^]*?)^```$/m.exec(section)!;
      const [, expected] = OUTPUT.exec(program)!;
      const path = await scene.tree({ "site/index.html": "<html></html>", "site/a.js": "12345", "site/b.map": "x" });
      const imports = { "@escp/escp": relative(path, `${ROOT}src/mod.ts`) };
      await writeTree(path, {
        "deno.json": JSON.stringify({ imports }),
        "program.ts": program,
        "notes.txt": "notes",
        "bin": { directory: true },
      });
      const config = (await Deno.readTextFile(scene.sshd.configPath)).replace("Host testhost testhost2", "Host web1");
      await Deno.writeTextFile(`${path}/ssh_config`, config);
      await writeWrapper(`${path}/bin/ssh`, ["/usr/bin/ssh", "-F", `${path}/ssh_config`]);
      const { code, stdout, stderr } = await runEscp([], {
        command: [Deno.execPath(), "run", "--quiet", "--allow-all", "program.ts"],
        cwd: path,
        env: { PATH: `${path}/bin:${Deno.env.get("PATH")}` },
      });
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertEquals(stdout, expected.replace(/^\/\/ /gm, ""));
    });
  }

  it("has a program in every section", () => {
    assert(sections.length >= 5);
  });
});
