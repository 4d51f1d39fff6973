import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { it } from "@std/testing/bdd";
import { runEscp } from "../../../support/escp/escp_command.ts";
import { describeWithScene } from "../../../support/scene.ts";
import { writeTree } from "../../../support/files/temp_tree.ts";

describeWithScene("a remote path", (scene) => {
  /** Runs escp with the escp in the remote PATH. */
  async function copy(cwd: string, ...args: string[]): Promise<void> {
    const { code, stderr } = await runEscp([...scene.sshd.sshOptions, ...args], { cwd });
    assertEquals({ code, stderr }, { code: 0, stderr: "" }, args.join(" "));
  }

  it("defaults to the home directory", async () => {
    const tree = await scene.tree({ "one": "1", "dir/two": "2" });
    await copy(tree, "-r", "one", "dir", "testhost:");
    assertEquals(await Deno.readTextFile(`${scene.sshd.home}/one`), "1");
    assertEquals(await Deno.readTextFile(`${scene.sshd.home}/dir/two`), "2");
  });

  it("is relative to the home directory, in both directions", async () => {
    await writeTree(scene.sshd.home, { "place/there": "there", "place/sub": { directory: true } });
    const tree = await scene.tree({ "here": "here" });
    await copy(tree, "here", "testhost:place/sub");
    await copy(tree, "here", "testhost:./place/sub/../new");
    await copy(tree, "testhost:place/there", ".");
    assertEquals(await Deno.readTextFile(`${scene.sshd.home}/place/sub/here`), "here");
    assertEquals(await Deno.readTextFile(`${scene.sshd.home}/place/new`), "here");
    assertEquals(await Deno.readTextFile(`${tree}/there`), "there");
  });

  it("may start with a tilde, with or without a user", async () => {
    await writeTree(scene.sshd.home, { "tilde/there": "there" });
    const tree = await scene.tree({ "here": "here" });
    await copy(tree, "here", "testhost:~/tilde/here");
    await copy(tree, "testhost:~/tilde/there", "there");
    assertEquals(await Deno.readTextFile(`${scene.sshd.home}/tilde/here`), "here");
    assertEquals(await Deno.readTextFile(`${tree}/there`), "there");

    const { username, home } = await ownEntry();
    const name = `escp-test-${crypto.randomUUID()}`;
    try {
      await copy(tree, "here", `testhost:~${username}/${name}`);
      assertEquals(await Deno.readTextFile(`${home}/${name}`), "here");
      await copy(tree, `testhost:~${username}/${name}`, "back");
      assertEquals(await Deno.readTextFile(`${tree}/back`), "here");
    } finally {
      await Deno.remove(`${home}/${name}`).catch(() => {});
    }
  });

  it("names a user who does not exist, unless a file has that name", async () => {
    const tree = await scene.tree({ "here": "here" });
    for (
      const [source, target, operation] of [["here", "testhost:~nosuch/x", "create"], [
        "testhost:~nosuch/x",
        ".",
        "read",
      ]]
    ) {
      const { code, stderr } = await runEscp([...scene.sshd.sshOptions, "--", source, target], { cwd: tree });
      assertEquals(code, 1);
      assertMatch(stderr, new RegExp(`^escp: Cannot ${operation} "~nosuch/x": no such user$`, "m"));
      assertMatch(stderr, /^hint: Write ".\/~nosuch\/x" for a file of that name$/m);
    }
    await writeTree(scene.sshd.home, { "~nosuch/there": "there" });
    await copy(tree, "here", "testhost:~nosuch/x");
    await copy(tree, "testhost:~nosuch/x", "back");
    assertEquals(await Deno.readTextFile(`${tree}/back`), "here");
  });

  it("has no user if the name before @ is empty, as with scp", async () => {
    const tree = await scene.tree({ "here": "here" });
    await copy(tree, "here", "@testhost:no-user");
    assertEquals(await Deno.readTextFile(`${scene.sshd.home}/no-user`), "here");
  });

  it("may be the home directory, whose contents are copied", async () => {
    await writeTree(scene.sshd.home, { "whole": "whole" });
    for (const source of ["testhost:", "testhost:.", "testhost:~"]) {
      const tree = await scene.tree();
      await copy(tree, "-r", source, "new");
      assertEquals(await Deno.readTextFile(`${tree}/new/whole`), "whole", source);
    }
  });

  it("is distinguished from a local name with a colon by a slash before the colon", async () => {
    const tree = await scene.tree({ "a:b": "colon" });
    await copy(tree, "./a:b", "./c:d");
    assertEquals(await Deno.readTextFile(`${tree}/c:d`), "colon");
    await copy(tree, "./c:d", "testhost:e:f");
    assertEquals(await Deno.readTextFile(`${scene.sshd.home}/e:f`), "colon");
    await copy(tree, "testhost:e:f", "./g:h");
    assertEquals(await Deno.readTextFile(`${tree}/g:h`), "colon");
  });

  it("may name a user, a port and an address", async () => {
    const { user, port, address, home } = scene.sshd;
    const tree = await scene.tree({ "here": "here" });
    await copy(tree, "here", `${user}@testhost:user`);
    await copy(tree, "here", `scp://${user}@${address}:${port}/uri`);
    await copy(tree, "-P", `${port}`, "here", `${address}:port`);
    for (const name of ["user", "uri", "port"]) assertEquals(await Deno.readTextFile(`${home}/${name}`), "here", name);
  });

  it("may occur several times as a source", async () => {
    await writeTree(scene.sshd.home, { "several/a": "a", "several/b": "b" });
    const tree = await scene.tree();
    await copy(tree, "testhost:several/a", "testhost:several/b", ".");
    assertEquals(await Deno.readTextFile(`${tree}/a`) + await Deno.readTextFile(`${tree}/b`), "ab");
  });

  it("is reported by -v with the engine and the cipher", async () => {
    const tree = await scene.tree({ "here": "here" });
    const { code, stderr } = await runEscp([...scene.sshd.sshOptions, "-v", "here", "testhost:verbose"], { cwd: tree });
    assertEquals(code, 0, stderr);
    assertMatch(stderr, /engine/);
    assertStringIncludes(stderr, "aes-128-gcm");
  });

  it("may be used with a cipher that has a longer key", async () => {
    const tree = await scene.tree({ "here": { size: 3 << 20 } });
    await copy(tree, "--cipher", "aes-256-gcm", "here", "testhost:longer");
    assertEquals(await Deno.readFile(`${scene.sshd.home}/longer`), await Deno.readFile(`${tree}/here`));
  });
});

/** Returns the user's entry in the user database, whose home directory differs from HOME in these tests. */
async function ownEntry(): Promise<{ username: string; home: string }> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", "id -un; getent passwd $(id -u) | cut -d: -f6"] })
    .output();
  const [username, home] = new TextDecoder().decode(stdout).trim().split("\n");
  return { username, home };
}
