import { assertEquals, assertMatch } from "@std/assert";
import { it } from "@std/testing/bdd";
import { isRoot } from "../files/file_engines.ts";
import { escpCommand, useAsEscp } from "../support/escp/escp_command.ts";
import { OTHER_USER, otherUserProblem, writeOthersEscp, writePlainEscp } from "../support/files/plain_rights.ts";
import { describeWithScene, ENGINES } from "../support/scene.ts";
import { setXattr, xattrsOf } from "../support/files/xattrs.ts";

/** Root without the right to change owners. */
const WITHOUT_CHOWN = ["setpriv", "--bounding-set", "-chown", "--"];
/** Owner of the sources. */
const OWNER = 1234;
const CAPABILITY = "security.capability";
const NAMES = ["setuid", "setgid", "both", "large"];

/** cap_net_bind_service, permitted and effective (struct vfs_cap_data). */
function capability(): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(20));
  view.setUint32(0, 0x02000001, true);
  view.setUint32(4, 1 << 10, true);
  return new Uint8Array(view.buffer);
}

const SUITE = "setuid, setgid and capabilities";

describeWithScene(SUITE + (isRoot ? "" : " (skipped: not root)"), { ignore: !isRoot }, (scene) => {
  async function writeSource(uid: number, gid: number): Promise<string> {
    const tree = await scene.tree({
      "from/setuid": "x",
      "from/setgid": "x",
      "from/both": "x",
      "from/large": { size: 2 << 20 },
      "from/capable": "x",
      "to": { directory: true },
    });
    for (const name of [...NAMES, "capable"]) await Deno.chown(`${tree}/from/${name}`, uid, gid);
    const modes = { setuid: 0o4755, setgid: 0o2755, both: 0o6755, large: 0o6755 };
    for (const [name, mode] of Object.entries(modes)) await Deno.chmod(`${tree}/from/${name}`, mode);
    setXattr(`${tree}/from/capable`, CAPABILITY, capability());
    return tree;
  }

  const modesIn = (directory: string) =>
    NAMES.map((name) => (Deno.statSync(`${directory}/${name}`).mode! & 0o7777).toString(8));

  for (const engine of ENGINES) {
    const variant = { direction: "local", engine, streams: 1 } as const;
    const flags = engine === "native" ? ["-a", "--xattrs"] : ["-a"];
    const copy = (tree: string, more: string[] = []) =>
      scene.copy(variant, { flags: [...flags, ...more], sources: [`${tree}/from/.`], target: `${tree}/to` });

    it(`root keeps privileges of files under the same owner (${engine})`, async () => {
      const tree = await writeSource(OWNER, OWNER);
      const { code, stderr } = await copy(tree);
      assertEquals([code, stderr], [0, ""]);
      assertEquals(modesIn(`${tree}/to`), ["4755", "2755", "6755", "6755"]);
      if (engine === "native") assertEquals(Object.keys(xattrsOf(`${tree}/to/capable`)), [CAPABILITY]);
    });

    it(`root drops privileges of files whose owner cannot be set, new or existing (${engine})`, async () => {
      const tree = await writeSource(OWNER, OWNER);
      using _ = useAsEscp(await writePlainEscp(await scene.tree(), [...WITHOUT_CHOWN, ...escpCommand()]));
      for (const more of [[], ["-u"]]) {
        const { code, stderr } = await copy(tree, more);
        assertEquals(code, engine === "native" ? 1 : 0, stderr);
        if (engine === "native") assertMatch(stderr, /"[^"]*capable".*security\.capability: Operation not permitted/);
        assertEquals(modesIn(`${tree}/to`), ["755", "755", "755", "755"]);
        assertEquals(xattrsOf(`${tree}/to/capable`), {});
      }
    });

    const other = otherUserProblem ? ` (skipped: ${otherUserProblem})` : "";
    it(
      `a user drops privileges of files of another owner (${engine})${other}`,
      { ignore: !!otherUserProblem },
      async () => {
        const tree = await writeSource(OWNER, OWNER);
        await Deno.chown(`${tree}/to`, OTHER_USER, OTHER_USER);
        using _ = useAsEscp(await writeOthersEscp(await scene.tree()));
        const { code, stderr } = await copy(tree);
        assertEquals([code, stderr], [0, ""]);
        assertEquals(modesIn(`${tree}/to`), ["755", "755", "755", "755"]);
        assertEquals(xattrsOf(`${tree}/to/capable`), {});
      },
    );

    it(
      `a user keeps setuid and setgid under the same group only (${engine})${other}`,
      { ignore: !!otherUserProblem },
      async () => {
        for (const group of [OTHER_USER, OWNER]) {
          const tree = await writeSource(OTHER_USER, group);
          await Deno.chown(`${tree}/to`, OTHER_USER, OTHER_USER);
          using _ = useAsEscp(await writeOthersEscp(await scene.tree()));
          const { code, stderr } = await copy(tree);
          assertEquals([code, stderr], [0, ""]);
          const kept = ["4755", "2755", "6755", "6755"];
          assertEquals(modesIn(`${tree}/to`), group === OTHER_USER ? kept : ["755", "755", "755", "755"]);
          assertEquals(xattrsOf(`${tree}/to/capable`), {});
        }
      },
    );
  }
});
