import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { recallPlace, rememberPlace } from "../../src/bootstrap/remembered_places.ts";
import { createTempDirectory } from "../support/files/temp.ts";

const HOST = { host: "node.lab", user: "me", port: 2222 };
const PATH = "/home/me/.cache/escp/1.0.0/escp";

describe("the remembered path of escp on a host", () => {
  it("is valid for its host, user, port and version only", async () => {
    await using directory = await createTempDirectory();
    const env = (name: string) => name === "XDG_CACHE_HOME" ? directory.path : undefined;
    assertEquals(recallPlace(HOST, "1.0.0", env), undefined);
    rememberPlace(HOST, "1.0.0", PATH, env);
    assertEquals(recallPlace(HOST, "1.0.0", env), PATH);
    for (const other of [{ host: "node" }, { user: undefined }, { user: "you" }, { port: undefined }, { port: 22 }]) {
      assertEquals(recallPlace({ ...HOST, ...other }, "1.0.0", env), undefined);
    }
    assertEquals(recallPlace(HOST, "1.0.1", env), undefined);
    rememberPlace(HOST, "1.0.1", `${PATH}2`, env);
    assertEquals(recallPlace(HOST, "1.0.1", env), `${PATH}2`);
    assertEquals([...Deno.readDirSync(`${directory.path}/escp/hosts`)].length, 1);
  });

  it("is stored below the home directory without an absolute $XDG_CACHE_HOME", async () => {
    await using directory = await createTempDirectory();
    const env = (name: string) => ({ HOME: directory.path, XDG_CACHE_HOME: "relative" })[name];
    rememberPlace(HOST, "1.0.0", PATH, env);
    assertEquals(recallPlace(HOST, "1.0.0", env), PATH);
    assertEquals([...Deno.readDirSync(`${directory.path}/.cache/escp/hosts`)].length, 1);
  });

  it("is unknown without a writable cache, or if it is not an absolute path", async () => {
    await using directory = await createTempDirectory();
    await Deno.writeTextFile(`${directory.path}/file`, "");
    for (const cache of [`${directory.path}/file`, undefined]) {
      rememberPlace(HOST, "1.0.0", PATH, () => cache);
      assertEquals(recallPlace(HOST, "1.0.0", () => cache), undefined);
    }
    for (const path of ["escp", "", "/bin/a\u001b[2J"]) {
      rememberPlace(HOST, "1.0.0", path, () => directory.path);
      assertEquals(recallPlace(HOST, "1.0.0", () => directory.path), undefined);
    }
  });
});
