import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { originCommand, runOnOrigin } from "../../../src/cli/run/on_origin.ts";
import { Interrupted } from "../../../src/errors.ts";
import { listNames } from "../../support/files/list_names.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";
import { copyRun } from "../options/command_lines.ts";

describe("originCommand", () => {
  /** The words of the sources. */
  function sourcesOf(...paths: string[]): string {
    const { transfers: [transfer], host } = copyRun("-R", ...paths.map((path) => `a:${path}`), "b:y");
    return originCommand(transfer, host, 0).split(" -- ").at(-1)!.replace(/ b:y$/, "");
  }

  it("leaves home directories to the shell, and means their contents as other copies do", () => {
    assertEquals(sourcesOf("~", "~/", "~bob//"), "~/. ~/. ~bob/.");
    assertEquals(sourcesOf("~/x y", "~bob/z", "x", ""), "~/'x y' ~bob/z ./x .");
  });

  it("leaves names that may be those of users or files to escp", () =>
    assertEquals(sourcesOf("~bob", "~$(id)", "~$(id)/"), "'~bob' '~$(id)' '~$(id)/.'"));
});

describe("runOnOrigin", { ignore: Deno.build.os === "windows" }, () => {
  it("does not start ssh after an interruption", async () => {
    await using tree = await createTempTree({ ssh: { content: '#!/bin/sh\n: > "$0.started"\n', mode: 0o755 } });
    const { transfers: [transfer], host } = copyRun("-R", "-S", `${tree.path}/ssh`, "a:x", "b:y");
    const signal = AbortSignal.abort(new Interrupted());
    await assertRejects(() => runOnOrigin(transfer, host, { others: 0, emit() {}, signal, program: {} }), Interrupted);
    assertEquals(listNames(tree.path), ["ssh"]);
  });
});
