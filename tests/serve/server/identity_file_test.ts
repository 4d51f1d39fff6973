import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { fromFileUrl } from "@std/path";
import { UserError } from "../../../src/errors.ts";
import { loadIdentity } from "../../../src/serve/server/identity_file.ts";
import { failingDiskProblem, mountFailingDisk } from "../../support/files/failing_disk.ts";
import { createTempDirectory } from "../../support/files/temp.ts";

const CONFIG = fromFileUrl(new URL("../../../deno.json", import.meta.url));
const PROGRAM = fromFileUrl(new URL("identity_modules.ts", import.meta.url));

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

  it("needs the library for certificates only when it is created", async () => {
    await using directory = await createTempDirectory();
    const usesLibrary = async () => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--allow-all", `--config=${CONFIG}`, PROGRAM, `${directory.path}/server_identity`],
      }).output();
      assertEquals(code, 0, new TextDecoder().decode(stderr));
      return new TextDecoder().decode(stdout).trim();
    };
    assertEquals([await usesLibrary(), await usesLibrary()], ["true", "false"]);
  });

  it("in a directory that others may write to is refused before anything is written", async () => {
    await using directory = await createTempDirectory();
    const open = `${directory.path}/open`;
    await Deno.mkdir(open);
    await Deno.chmod(open, 0o777);
    await assertRejects(() => loadIdentity(`${open}/server_identity`), UserError, "other users may write");
    assertEquals([...Deno.readDirSync(open)], []);
  });

  it("replaces what a killed server has left", async () => {
    await using directory = await createTempDirectory();
    const path = `${directory.path}/server_identity`;
    await Deno.writeTextFile(`${path}.new`, "-----BEGIN", { mode: 0o600 });
    await Deno.writeTextFile(`${path}.lock`, "", { mode: 0o600 });
    const created = await loadIdentity(path);
    assertEquals(await loadIdentity(path), created);
    assertEquals([...Deno.readDirSync(directory.path)].map(({ name }) => name), ["server_identity"]);
  });

  it("is created on a file system without hard links, and is the same for servers that start at once", {
    ignore: failingDiskProblem !== undefined,
  }, async () => {
    await using disk = await mountFailingDisk({});
    const path = `${disk.path}/escp/server_identity`;
    await Deno.writeTextFile(`${disk.path}/file`, "");
    assertThrows(() => Deno.linkSync(`${disk.path}/file`, `${disk.path}/link`));
    const [first, ...others] = await Promise.all(Array.from({ length: 8 }, () => loadIdentity(path)));
    for (const other of others) assertEquals(other, first);
    assertEquals(await loadIdentity(path), first);
    assertEquals([...Deno.readDirSync(`${disk.path}/escp`)].map(({ name }) => name), ["server_identity"]);
  });
});
