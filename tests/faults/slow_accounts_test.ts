/** Copies on hosts whose directory service answers slower than connections may be silent. */

import { assertEquals } from "@std/assert";
import { it } from "@std/testing/bdd";
import { despiteStalls } from "../support/escp/despite_stalls.ts";
import { escpCommand, runEscp } from "../support/escp/escp_command.ts";
import { slowServiceProblem, writeWithSlowService } from "../support/hosts/accounts.ts";
import { describeWithScene } from "../support/scene.ts";

const ID = 23501;
const OTHER_ID = 23502;
/** A look-up takes longer than `--timeout`. Busy machines need seconds for what idle ones do at once. */
const LOOK_UP_MS = 6_000;
const FLAGS = ["-a", "--timeout", "5", "--retries", "0", "--streams", "2"];
const PATHS = ["", "/small", "/large"];

const SKIPPED = slowServiceProblem === undefined ? "" : ` (skipped: ${slowServiceProblem})`;

describeWithScene(`a slow directory service${SKIPPED}`, { ignore: slowServiceProblem !== undefined }, (scene) => {
  const test = (name: string, isPull: boolean) =>
    it(name, () =>
      despiteStalls(async () => {
        const tree = await scene.tree({ "from/small": "small", "from/large": { size: 2 << 20 } });
        const args = ["-hR", `${ID}:${ID}`, `${tree}/from`];
        assertEquals((await new Deno.Command("chown", { args }).output()).code, 0);
        const [sender, receiver] = await Promise.all(
          [ID, OTHER_ID].map(async (id) =>
            (await writeWithSlowService(await scene.tree(), { id, ms: LOOK_UP_MS }, escpCommand())).path
          ),
        );
        const [local, remote] = isPull ? [receiver, sender] : [sender, receiver];
        const operands = isPull ? [`testhost:${tree}/from/.`, `${tree}/to`] : [`${tree}/from/.`, `testhost:${tree}/to`];
        const flags = [...scene.sshd.sshOptions, "-D", remote, ...FLAGS];
        const { code, stderr } = await runEscp([...flags, ...operands], { command: [local] });
        assertEquals([code, stderr], [0, ""]);
        for (const path of PATHS) {
          const { uid, gid } = Deno.lstatSync(`${tree}/to${path}`);
          assertEquals([uid, gid], [OTHER_ID, OTHER_ID], path);
        }
      }));
  test("does not end a push of owners by name", false);
  test("does not end a pull of owners by name", true);

  it("that does not answer leaves the numbers with one note, and an update sets the owners later", async () => {
    for (const failing of ["sources", "target"]) {
      const tree = await scene.tree({ "from/small": "small", "from/large": { size: 2 << 20 } });
      const args = ["-hR", `${ID}:${ID}`, `${tree}/from`];
      assertEquals((await new Deno.Command("chown", { args }).output()).code, 0);
      for (const failures of [1000, 0]) {
        const [sender, receiver] = await Promise.all(([[ID, "sources"], [OTHER_ID, "target"]] as const).map(
          async ([id, side]) => {
            const service = { id, ms: 0, failures: side === failing ? failures : 0 };
            return (await writeWithSlowService(await scene.tree(), service, escpCommand())).path;
          },
        ));
        const flags = [...scene.sshd.sshOptions, "-D", receiver, "-a", "-u", "-t", "2"];
        const operands = [`${tree}/from/.`, `testhost:${tree}/to`];
        const { code, stderr } = await runEscp([...flags, ...operands], { command: [sender] });
        const consequence = failing === "sources"
          ? "The target gets their numbers"
          : "Their files get the numbers of the source";
        const note =
          `note: Cannot look up some users and groups on the host of the ${failing}: Connection timed out. ` +
          `${consequence}\n`;
        assertEquals([code, stderr], [0, failures > 0 ? note : ""]);
        for (const path of PATHS) {
          const { uid, gid } = Deno.lstatSync(`${tree}/to${path}`);
          const id = failures > 0 ? ID : OTHER_ID;
          assertEquals([uid, gid], [id, id], path);
        }
      }
    }
  });
});
