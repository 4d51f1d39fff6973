import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { alteredEscp, runEscp } from "../../support/escp/escp_command.ts";
import { pathsIn } from "../../support/files/paths_in.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";

describe("--remove-source-files", () => {
  it("prints nothing on a busy machine", async () => {
    await using tree = await createTempTree({ "from/a": "a", "from/d/b": "b" });
    const args = ["-a", "--remove-source-files", `${tree.path}/from/.`, `${tree.path}/to`];
    const { code, stdout, stderr } = await runEscp(args, { command: alteredEscp("slow.ts") });
    assertEquals([code, stdout, stderr], [0, "", ""]);
    assertEquals([pathsIn(`${tree.path}/from`), pathsIn(`${tree.path}/to`)], [["d"], ["a", "d", "d/b"]]);
  });
});
