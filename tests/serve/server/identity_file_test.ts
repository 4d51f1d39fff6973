import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UserError } from "../../../src/errors.ts";
import { loadIdentity } from "../../../src/serve/server/identity_file.ts";
import { createTempDirectory } from "../../support/files/temp.ts";

describe("the key of a server", () => {
  it("is created once, for its owner only, and read later", async () => {
    await using directory = await createTempDirectory();
    const path = `${directory.path}/new/server_identity`;
    const created = await loadIdentity(path);
    assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
    assertEquals(Deno.statSync(`${directory.path}/new`).mode! & 0o777, 0o700);
    assertEquals(await loadIdentity(path), created);
    assertEquals([...Deno.readDirSync(`${directory.path}/new`)].length, 1);
  });

  it("is the same for servers that start at once", async () => {
    await using directory = await createTempDirectory();
    const path = `${directory.path}/server_identity`;
    const [first, ...others] = await Promise.all(Array.from({ length: 8 }, () => loadIdentity(path)));
    for (const other of others) assertEquals(other, first);
  });

  it("that others may access, or that is damaged, is refused", async () => {
    await using directory = await createTempDirectory();
    const path = `${directory.path}/server_identity`;
    await loadIdentity(path);
    for (const mode of [0o640, 0o604]) {
      await Deno.chmod(path, mode);
      await assertRejects(() => loadIdentity(path), UserError, "other users may access it");
    }
    await Deno.chmod(path, 0o620);
    await assertRejects(() => loadIdentity(path), UserError, "other users may write to it");
    await Deno.chmod(path, 0o600);
    const text = await Deno.readTextFile(path);
    for (const damaged of ["", text.slice(0, 100), text.replace("PRIVATE", "PUBLIC")]) {
      await Deno.writeTextFile(path, damaged);
      await assertRejects(() => loadIdentity(path), UserError, "it is damaged");
    }
  });

  it("in a directory that others may write to is refused", async () => {
    await using directory = await createTempDirectory();
    await Deno.mkdir(`${directory.path}/open`);
    await Deno.chmod(`${directory.path}/open`, 0o777);
    await assertRejects(
      () => loadIdentity(`${directory.path}/open/server_identity`),
      UserError,
      "other users may write",
    );
  });
});
