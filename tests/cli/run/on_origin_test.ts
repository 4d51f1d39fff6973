import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { runOnOrigin } from "../../../src/cli/run/on_origin.ts";
import { Interrupted } from "../../../src/errors.ts";
import { listNames } from "../../support/files/list_names.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";
import { copyRun } from "../options/command_lines.ts";

describe("runOnOrigin", { ignore: Deno.build.os === "windows" }, () => {
  it("does not start ssh after an interruption", async () => {
    await using tree = await createTempTree({ ssh: { content: '#!/bin/sh\n: > "$0.started"\n', mode: 0o755 } });
    const { transfers: [transfer], host } = copyRun("-R", "-S", `${tree.path}/ssh`, "a:x", "b:y");
    const signal = AbortSignal.abort(new Interrupted());
    await assertRejects(() => runOnOrigin(transfer, host, { others: 0, emit() {}, signal }), Interrupted);
    assertEquals(listNames(tree.path), ["ssh"]);
  });
});
