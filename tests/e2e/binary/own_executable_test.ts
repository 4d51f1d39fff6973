import { assertEquals } from "@std/assert";
import { it } from "@std/testing/bdd";
import { VERSION } from "../../../src/cli/version.ts";
import { runEscp } from "../../support/escp/escp_command.ts";
import { describeWithSshd } from "../../support/hosts/needs_sshd.ts";
import { startSshd } from "../../support/hosts/sshd.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";

const BINARY = Deno.env.get("ESCP_BINARY");
const why = BINARY === undefined ? " (skipped: no ESCP_BINARY)" : "";

describeWithSshd("the compiled executable", () => {
  it(`installs itself on a host without escp${why}`, { ignore: BINARY === undefined }, async () => {
    await using sshd = await startSshd({ escp: false });
    await using directory = await createTempTree({ "a": "contents" });
    const env = { XDG_CACHE_HOME: directory.path };
    // An absolute path, because no wrapper changes to the home directory of the test.
    const to = `testhost:${sshd.home}/b`;
    const { code, stderr } = await runEscp([...sshd.sshOptions, `${directory.path}/a`, to], { env });
    assertEquals(code, 0, stderr);
    assertEquals(await Deno.readTextFile(`${sshd.home}/b`), "contents");
    const installed = `${sshd.home}/.cache/escp/${VERSION}/escp`;
    assertEquals((await Deno.stat(installed)).size, (await Deno.stat(BINARY!)).size);
  });
});
