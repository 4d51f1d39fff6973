import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { openAccounts } from "../../src/native/file/account_calls.ts";

describe("users and groups of the system", { ignore: Deno.build.os === "windows" }, () => {
  it("are those that id(1) prints", async () => {
    const accounts = openAccounts();
    for (const [kind, option] of [["user", "-u"], ["group", "-g"]] as const) {
      const [id, name] = await Promise.all([[option], [`${option}n`]].map(async (args) => {
        const { stdout } = await new Deno.Command("id", { args }).output();
        return new TextDecoder().decode(stdout).trim();
      }));
      assertEquals(await accounts.nameOf(kind, Number(id)), name);
      assertEquals(await accounts.idOf(kind, name), Number(id));
    }
  });

  it("are undefined if there is none", async () => {
    const accounts = openAccounts();
    for (const kind of ["user", "group"] as const) {
      assertEquals(await accounts.nameOf(kind, 3_999_999_999), undefined);
      for (const name of ["no such account", "", "ä", "n".repeat(400)]) {
        assertEquals(await accounts.idOf(kind, name), undefined);
      }
    }
  });
});
