/** Copies on hosts whose directory service answers slower than connections may be silent. */

import { assertEquals } from "@std/assert";
import { it } from "@std/testing/bdd";
import { escpCommand, runEscp } from "../support/escp/escp_command.ts";
import { slowServiceProblem, writeWithSlowService } from "../support/hosts/accounts.ts";
import { describeWithScene, ENGINES } from "../support/scene.ts";

const ID = 23501;
const OTHER_ID = 23502;
/** A look-up takes longer than `--timeout`. */
const LOOK_UP_MS = 2_500;
const FLAGS = ["-a", "--timeout", "2", "--retries", "0", "--streams", "2"];
const PATHS = ["", "/small", "/large"];

const SKIPPED = slowServiceProblem === undefined ? "" : ` (skipped: ${slowServiceProblem})`;

describeWithScene(`a slow directory service${SKIPPED}`, { ignore: slowServiceProblem !== undefined }, (scene) => {
  for (const [index, direction] of (["push", "pull"] as const).entries()) {
    const engine = ENGINES[index % ENGINES.length];
    it(`does not end a copy of owners by name (${direction}, ${engine})`, async () => {
      const tree = await scene.tree({ "from/small": "small", "from/large": { size: 2 << 20 } });
      const args = ["-hR", `${ID}:${ID}`, `${tree}/from`];
      assertEquals((await new Deno.Command("chown", { args }).output()).code, 0);
      const command = [...escpCommand(), "--engine", engine];
      const [sender, receiver] = await Promise.all(
        [ID, OTHER_ID].map(async (id) =>
          (await writeWithSlowService(await scene.tree(), { id, ms: LOOK_UP_MS }, command)).path
        ),
      );
      const [here, there] = direction === "push" ? [sender, receiver] : [receiver, sender];
      const { code, stderr } = await runEscp([
        ...[...scene.sshd.sshOptions, "-D", there, ...FLAGS],
        direction === "pull" ? `testhost:${tree}/from/.` : `${tree}/from/.`,
        direction === "push" ? `testhost:${tree}/to` : `${tree}/to`,
      ], { command: [here] });
      assertEquals([code, stderr], [0, ""]);
      for (const path of PATHS) {
        const { uid, gid } = Deno.lstatSync(`${tree}/to${path}`);
        assertEquals([uid, gid], [OTHER_ID, OTHER_ID], path);
      }
    });
  }
});
