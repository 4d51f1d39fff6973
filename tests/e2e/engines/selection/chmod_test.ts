import { assertEquals, assertMatch } from "@std/assert";
import { it } from "@std/testing/bdd";
import { runEscp } from "../../../support/escp/escp_command.ts";
import { lastEvent } from "../../../support/escp/json_events.ts";
import { oldEscpFlags } from "../../../support/escp/old_escp.ts";
import type { TreeEntries } from "../../../support/files/temp_tree.ts";
import { describeWithScene, variantName, VARIANTS } from "../../../support/scene.ts";

const SOURCE: TreeEntries = {
  "from/d": { directory: true, mode: 0o700 },
  "from/d/small": { content: "1", mode: 0o600 },
  "from/d/run": { content: "2", mode: 0o700 },
  "from/d/large": { size: 3 << 20, mode: 0o666 },
  "from/d/link": { link: "small" },
};
const modes = (directory: string) =>
  ["", "/small", "/run", "/large"].map((path) => (Deno.lstatSync(`${directory}/d${path}`).mode! & 0o7777).toString(8));

describeWithScene("--chmod", { inProcess: true, umask: 0o022 }, (scene) => {
  for (const variant of VARIANTS) {
    it(`changes the modes of copied files and directories (${variantName(variant)})`, async () => {
      const tree = await scene.tree(SOURCE);
      for (
        const [index, [flags, expected]] of [
          [["-a", "--chmod=D751,F640"], ["751", "640", "640", "640"]],
          [["-a", "--chmod=g+rX", "--chmod=o="], ["750", "640", "750", "660"]],
          [["-r", "--chmod=a+rwX"], ["755", "644", "755", "644"]],
          [["-a", "--verify", "--chmod=go="], ["700", "600", "700", "600"]],
        ].entries()
      ) {
        const copy = { flags, sources: [`${tree}/from/.`], target: `${tree}/to${index}` };
        const { code, stderr } = await scene.copy(variant, copy);
        assertEquals([code, stderr, modes(copy.target)], [0, "", expected], flags.join(" "));
      }
    });

    it(`changes the modes of files that an update skips (${variantName(variant)})`, async () => {
      const tree = await scene.tree(SOURCE);
      const copy = { flags: ["-a", "-u", "--json"], sources: [`${tree}/from/.`], target: `${tree}/to` };
      assertEquals((await scene.copy(variant, copy)).code, 0);
      const { code, stdout } = await scene.copy(variant, { ...copy, flags: [...copy.flags, "--chmod=D711,F604"] });
      assertEquals([code, lastEvent(stdout).files, modes(copy.target)], [0, 0, ["711", "604", "604", "604"]]);
      assertEquals(modes(`${tree}/from`), ["700", "600", "700", "666"]);
    });
  }

  it("applies to standard input", async () => {
    const tree = await scene.tree();
    const { code, stderr } = await runEscp(["-p", "--chmod=600", "-", `${tree}/secret`], { stdin: "secret" });
    assertEquals([code, stderr], [0, ""]);
    assertEquals(Deno.statSync(`${tree}/secret`).mode! & 0o777, 0o600);
  });

  it("applies to a copy between two remote hosts", async () => {
    const tree = await scene.tree(SOURCE);
    const { code, stderr } = await runEscp([
      ...[...scene.sshd.sshOptions, "-a", "--chmod=D751,F640"],
      ...[`testhost:${tree}/from/.`, `testhost2:${tree}/to`],
    ]);
    assertEquals([code, stderr, modes(`${tree}/to`)], [0, "", ["751", "640", "640", "640"]]);
  });

  it("is refused by a remote end that does not know it, for a pull", async () => {
    const tree = await scene.tree(SOURCE);
    const flags = [...await oldEscpFlags(scene), "-r", "-p", "--chmod=D751,F640"];
    const copy = { flags, sources: [`${tree}/from/.`], target: `${tree}/to` };
    const pull = await scene.copy({ ...VARIANTS[0], direction: "pull" }, copy);
    assertMatch(pull.stderr, /^escp: Cannot use --chmod: escp \S+ on testhost does not support it$/m);
    const push = await scene.copy({ ...VARIANTS[0], direction: "push" }, copy);
    assertEquals([pull.code, push.code, modes(copy.target)], [1, 0, ["751", "640", "640", "640"]], push.stderr);
  });
});
