import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UserError } from "../../../src/errors.ts";
import { checkOutside, checkRoot } from "../../../src/serve/server/key_root.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";

describe("the root of a key", () => {
  it("is a directory without links, below that of the server or elsewhere", async () => {
    await using tree = await createTempTree({
      "served/inner/file": "",
      "served/link": { link: "/etc" },
      "data/inner/file": "",
      "data/link": { link: "/etc" },
      "logs": { directory: true },
      "keys": "",
    });
    const path = Deno.realPathSync(tree.path);
    const keys = { name: "the file of authorized keys", path: `${path}/keys` };
    const log = { name: "the log file", path: `${path}/logs/log` };
    const privateKey = { name: "the private key", path: `${path}/data/inner/file` };
    const check = (root?: string) => checkRoot(`${path}/served`, root, [keys, log]);
    assertEquals(check(), `${path}/served`);
    assertEquals(check("inner"), `${path}/served/inner`);
    assertEquals(check(`${path}/data/inner`), `${path}/data/inner`);
    for (const root of ["link", `${path}/served/link`, `${path}/data/link`, `${path}/data/../data/inner`]) {
      assertThrows(() => check(root), UserError, "it contains a symbolic link", root);
    }
    assertThrows(() => check("none"), UserError, "No such file or directory");
    assertThrows(() => check("inner/file"), UserError, "it is not a directory");
    assertThrows(() => check(path), UserError, "it contains the file of authorized keys");
    const open = () => checkRoot(`${path}/served`, `${path}/data/inner`, [privateKey]);
    assertThrows(open, UserError, `it contains the private key "${path}/data/inner/file"`);
    assertThrows(() => check(`${path}/logs`), UserError, "it contains the log file");
  });

  it("does not contain the file of authorized keys, nor a link on the path to it", async () => {
    await using tree = await createTempTree({
      "served/inner/keys": "",
      "served/link": { link: "../safe" },
      "served/up": { link: "../served/../safe/keys" },
      "safe/keys": "",
      "safe/through": { link: "../served/link/keys" },
      "safe/away": { link: "keys" },
      "safe/back": { link: "../served/inner/../../safe" },
      "safe/loop": { link: "loop" },
    });
    const path = Deno.realPathSync(tree.path);
    const check = (file: string) => checkOutside(`${path}/served`, `${path}/${file}`, "the log file");
    for (const file of ["safe/keys", "safe/away", "safe/missing", "missing/keys", "safe/loop", "servedkeys"]) {
      check(file);
    }
    for (
      const file of [
        "served/inner/keys",
        "served/missing",
        "served/link/keys",
        "served/up",
        "safe/through",
        "safe/back/keys",
        "safe/back/missing",
      ]
    ) {
      assertThrows(() => check(file), UserError, "it contains the log file", file);
    }
  });
});
