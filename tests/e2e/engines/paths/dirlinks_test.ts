import { assertEquals, assertStringIncludes } from "@std/assert";
import { it } from "@std/testing/bdd";
import { remoteConfig } from "../../../support/escp/remote_settings.ts";
import { runEscp } from "../../../support/escp/escp_command.ts";
import { describeWithScene, ENGINES, variantName, VARIANTS } from "../../../support/scene.ts";

const LARGE = 3 << 20;
const SOURCE = {
  "s/sub/small": "new",
  "s/sub/large": { size: LARGE, seed: 5 },
  "s/sub/deep/file": "deep",
  "s/real/link": { link: "../sub" },
};
const TARGET = {
  "to/s": { link: "../linked" },
  "linked/sub": { link: "../elsewhere" },
  "elsewhere/old": "old",
  "elsewhere/small": "old",
};

describeWithScene("--keep-dirlinks", { inProcess: true }, (scene) => {
  for (const variant of VARIANTS) {
    const name = variantName(variant);

    it(`writes to the directories that links in the target point to (${name})`, async () => {
      const tree = await scene.tree({ ...SOURCE, ...TARGET });
      const operands = { sources: [`${tree}/s`], target: `${tree}/to` };
      for (const flags of [["-a", "-n"], ["-a"], ["-a", "-u"], ["-a", "--verify"], ["-a", "--checksum", "--fsync"]]) {
        const { code, stderr } = await scene.copy(variant, { flags: [...flags, "--keep-dirlinks"], ...operands });
        assertEquals([code, stderr], [0, ""], flags.join(" "));
        const isDry = flags.includes("-n");
        assertEquals(Deno.readTextFileSync(`${tree}/elsewhere/small`), isDry ? "old" : "new");
        assertEquals(Deno.readLinkSync(`${tree}/to/s`), "../linked");
        assertEquals(Deno.readLinkSync(`${tree}/linked/sub`), "../elsewhere");
      }
      assertEquals(Deno.readTextFileSync(`${tree}/elsewhere/old`), "old");
      assertEquals(Deno.readTextFileSync(`${tree}/elsewhere/deep/file`), "deep");
      assertEquals(Deno.readFileSync(`${tree}/elsewhere/large`), Deno.readFileSync(`${tree}/s/sub/large`));
      assertEquals(Deno.readLinkSync(`${tree}/linked/real/link`), "../sub");
    });

    it(`is needed for links to directories (${name})`, async () => {
      const tree = await scene.tree({ ...SOURCE, ...TARGET });
      const operands = { sources: [`${tree}/s`], target: `${tree}/to` };
      const refused = await scene.copy(variant, { flags: ["-a"], ...operands });
      assertEquals(refused.code, 1);
      assertStringIncludes(refused.stderr, `Cannot create "${tree}/to/s": it is a symbolic link`);
      const below = await scene.copy(variant, { flags: ["-a"], sources: [`${tree}/s/.`], target: `${tree}/linked` });
      assertEquals(below.code, 1);
      assertStringIncludes(below.stderr, `Cannot create "${tree}/linked/sub": it is a symbolic link`);
      assertEquals(Deno.readTextFileSync(`${tree}/elsewhere/small`), "old");
    });

    it(`does not follow a link that the copy itself has created (${name})`, async () => {
      const tree = await scene.tree({
        "one/s/x": { link: "../../outside" },
        "two/s/x/file": "planted",
        "to": { directory: true },
        "outside": { directory: true },
      });
      const { code, stderr } = await scene.copy(variant, {
        flags: ["-a", "-K"],
        sources: [`${tree}/one/s`, `${tree}/two/s`],
        target: `${tree}/to`,
      });
      assertEquals(code, 1, stderr);
      assertEquals(Array.from(Deno.readDirSync(`${tree}/outside`)), []);
    });
  }

  for (const engine of ENGINES) {
    it(`stays in the directory that a host confines its sessions to (${engine})`, async () => {
      const tree = await scene.tree({ ...SOURCE, ...TARGET, "to/in/sub": { link: "../../elsewhere" } });
      await using _ = await remoteConfig(scene, `root: ${tree}/to\n`);
      for (const [sources, target] of [["s", ""], ["s/.", "in"]]) {
        const copy = { flags: ["-a", "-K"], sources: [`${tree}/${sources}`], target: `${tree}/to/${target}` };
        const { code, stderr } = await runEscp(scene.args({ direction: "push", engine, streams: 1 }, copy));
        assertEquals(code, 1);
        assertStringIncludes(stderr, "that host allows only paths in");
      }
      assertEquals(Deno.readTextFileSync(`${tree}/elsewhere/small`), "old");
    });
  }

  it("applies to the target of a copy between two remote hosts", async () => {
    const tree = await scene.tree({ ...SOURCE, ...TARGET });
    const { code, stderr } = await runEscp([
      ...scene.sshd.sshOptions,
      ...["-a", "--keep-dirlinks", `testhost:${tree}/s`, `testhost2:${tree}/to`],
    ]);
    assertEquals([code, stderr], [0, ""]);
    assertEquals(Deno.readTextFileSync(`${tree}/elsewhere/small`), "new");
  });
});
