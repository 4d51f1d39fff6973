/** Keys of `escp --serve` with different rights, whose users are hostile to each other and to the server. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { runEscp } from "../../support/escp/escp_command.ts";
import { writeTree } from "../../support/files/temp_tree.ts";
import { createKey } from "../../support/hosts/client_key.ts";
import { type Serving, startServing } from "../../support/hosts/serving.ts";

const posix = Deno.build.os !== "windows";

/** Adds a key with options to the server. Returns the arguments of a client that uses it. */
async function addKey({ serverHome, work }: Serving, name: string, options: string): Promise<string[]> {
  const key = await createKey();
  await Deno.writeTextFile(`${work}/${name}`, key.file, { mode: 0o600 });
  const file = `${serverHome}/.config/escp/authorized_keys`;
  await Deno.writeTextFile(file, `${options} ${key.line} ${name}\n`, { append: true });
  return ["-i", `${work}/${name}`];
}

describe("keys of a server", { ignore: !posix }, () => {
  it("cannot leave their directory by a link that another client has made of it", async () => {
    await using serving = await startServing();
    const bob = await addKey(serving, "bob", 'root="b"');
    await writeTree(`${serving.work}/outside`, { secret: "secret" });
    await writeTree(serving.root, { "b/own": "own" });
    await writeTree(serving.work, { file: "text" });
    const own = await serving.run([...bob, serving.url("own"), "fetched"]);
    assertEquals(own.code, 0, own.stderr);
    await Deno.remove(`${serving.root}/b`, { recursive: true });
    await Deno.symlink(`${serving.work}/outside`, `${serving.root}/b`);
    for (const args of [[serving.url("secret"), "stolen"], ["file", serving.url("planted")]]) {
      const result = await serving.run([...bob, ...args]);
      assertEquals(result.code, 255, result.stderr);
      assertStringIncludes(result.stderr, "it cannot serve this key; see its log");
    }
    assertStringIncludes(serving.server.printed.stderr, "it contains a symbolic link");
    assertEquals([...Deno.readDirSync(`${serving.work}/outside`)].map(({ name }) => name), ["secret"]);
  });

  it("cannot change the file of authorized keys: a server with that file below its root does not start", async () => {
    await using serving = await startServing();
    const file = `${serving.root}/keys`;
    await Deno.writeTextFile(file, "");
    const result = await runEscp([
      "--serve",
      "--listen=127.0.0.1:0",
      "--root",
      serving.root,
      "--authorized-keys",
      file,
    ]);
    assertEquals(result.code, 1);
    assertStringIncludes(result.stderr, "it contains the file of authorized keys");
  });

  it("with a directory that contains the file of authorized keys are refused", async () => {
    await using serving = await startServing();
    const options = `root="${serving.serverHome}/.config"`;
    const key = await addKey(serving, "key", options);
    const result = await serving.run([...key, serving.url("escp/authorized_keys"), "stolen"]);
    assertEquals(result.code, 255, result.stderr);
    assertStringIncludes(result.stderr, "it cannot serve this key; see its log");
    await serving.server.waitForText("stderr", /refused SHA256:.*it contains the file of authorized keys/);
  });

  it("may be used only from the addresses of from", async () => {
    await using serving = await startServing();
    await writeTree(serving.root, { file: "text" });
    const far = await addKey(serving, "far", 'from="192.0.2.0/24"');
    const near = await addKey(serving, "near", 'from="127.0.0.0/8,!127.0.0.2"');
    const refused = await serving.run([...far, serving.url("file"), "far"]);
    assertEquals(refused.code, 255, refused.stderr);
    const fetched = await serving.run([...near, serving.url("file"), "near-copy"]);
    assertEquals(fetched.code, 0, fetched.stderr);
  });

  it("with an unknown option are refused, and the log names the line", async () => {
    await using serving = await startServing();
    await writeTree(serving.root, { file: "text" });
    const key = await addKey(serving, "key", 'command="x"');
    const result = await serving.run([...key, serving.url("file"), "copy"]);
    assertEquals(result.code, 255, result.stderr);
    await serving.server.waitForText("stderr", /is not used: the option "command" is unknown/);
    await serving.server.waitForText("stderr", /127\.0\.0\.1: denied SHA256:\S{43}\n/);
  });

  it("without a direction that the server allows are refused before a session", async () => {
    await using serving = await startServing({ args: ["--allow=pull"], keyOptions: 'allow="push"' });
    await writeTree(serving.work, { file: "text" });
    const result = await serving.run(["file", serving.url("file")]);
    assertEquals(result.code, 255, result.stderr);
    assertStringIncludes(result.stderr, "it allows this key neither to push nor to pull");
  });

  it("are refused at once after their line is removed, and all if others can change the file", async () => {
    await using serving = await startServing();
    await writeTree(serving.root, { file: "text" });
    const file = `${serving.serverHome}/.config/escp/authorized_keys`;
    assertEquals((await serving.run([serving.url("file"), "one"])).code, 0);
    const text = await Deno.readTextFile(file);
    await Deno.writeTextFile(file, "");
    assertEquals((await serving.run([serving.url("file"), "two"])).code, 255);
    await Deno.writeTextFile(file, text);
    await Deno.chmod(file, 0o666);
    const open = await serving.run([serving.url("file"), "three"]);
    assertStringIncludes(open.stderr, "it cannot serve this key; see its log");
    await serving.server.waitForText("stderr", /other users may write to it/);
  });
});
