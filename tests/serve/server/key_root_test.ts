import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UserError } from "../../../src/errors.ts";
import { checkRoot } from "../../../src/serve/server/key_root.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";

describe("the root of a key", () => {
  it("is a directory without links, below that of the server or elsewhere", async () => {
    await using tree = await createTempTree({
      "served/inner/file": "",
      "served/link": { link: "/etc" },
      "data/inner/file": "",
      "data/link": { link: "/etc" },
      "keys": "",
    });
    const path = Deno.realPathSync(tree.path);
    const files = [{ name: "the file of authorized keys", path: `${path}/keys` }, {
      name: "the private key",
      path: `${path}/data/inner/file`,
    }];
    const check = (root?: string) => checkRoot(`${path}/served`, root, files.slice(0, 1));
    assertEquals(check(), `${path}/served`);
    assertEquals(check("inner"), `${path}/served/inner`);
    assertEquals(check(`${path}/data/inner`), `${path}/data/inner`);
    for (const root of ["link", `${path}/served/link`, `${path}/data/link`, `${path}/data/../data/inner`]) {
      assertThrows(() => check(root), UserError, "it contains a symbolic link", root);
    }
    assertThrows(() => check("none"), UserError, "No such file or directory");
    assertThrows(() => check("inner/file"), UserError, "it is not a directory");
    assertThrows(() => check(path), UserError, "it contains the file of authorized keys");
    const open = () => checkRoot(`${path}/served`, `${path}/data/inner`, files);
    assertThrows(open, UserError, `it contains the private key "${path}/data/inner/file"`);
  });
});
