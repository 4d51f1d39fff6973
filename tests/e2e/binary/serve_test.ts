/** Sessions without ssh: `escp --serve` and `escps://` operands. Real processes, and no ssh server. */

import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { alteredEscp, escpCommand, runEscp, type RunningEscp } from "../../support/escp/escp_command.ts";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { createTempDirectory } from "../../support/files/temp.ts";
import { untilNoted } from "../../support/escp/interruptions.ts";
import { descendantsOf, killProcess } from "../../support/processes.ts";
import { writeTree } from "../../support/files/temp_tree.ts";
import { type Serving, startServing } from "../../support/hosts/serving.ts";

const TREE = { "small": "small", "empty": "", "directory/large": { size: 5 << 20, seed: 7 } };

/** Starts a copy of its standard input, which ends when the test closes that. Its data connections are open. */
async function startWaiting(serving: Serving, target: string): Promise<RunningEscp> {
  const copy = await serving.start(["-v", "-", serving.url(target)], { stdin: "piped" });
  await copy.waitForText("stderr", /data goes to/);
  return copy;
}

describe("escp --serve", () => {
  let serving: Serving;
  beforeAll(async () => {
    serving = await startServing();
    await writeTree(`${serving.work}/tree`, TREE);
    await writeTree(`${serving.root}/remote`, TREE);
  });
  afterAll(() => serving[Symbol.asyncDispose]());

  it("receives a directory of a client with an authorized key", async () => {
    const result = await serving.run(["-r", "tree", serving.url("pushed")]);
    assertEquals(result.code, 0, result.stderr);
    assertEquals(await compareTrees(`${serving.work}/tree`, `${serving.root}/pushed`), []);
    assertEquals(await result.leftBehind(), []);
  });

  it("sends a directory, verified and by patterns", async () => {
    const result = await serving.run(["-r", "--verify", serving.url("rem*"), "fetched"]);
    assertEquals(result.code, 0, result.stderr);
    assertEquals(await compareTrees(`${serving.root}/remote`, `${serving.work}/fetched`), []);
  });

  it("logs the key, the name and the address of a client", async () => {
    const named = serving.url("logged").replace("escps://", "escps://me@");
    const result = await serving.run(["tree/small", named]);
    assertEquals(result.code, 0, result.stderr);
    await serving.server.waitForText(
      "stderr",
      /SHA256:\S{43} as me from 127\.0\.0\.1 \(test-client\): session ended after [0-9.]+ s: push to "logged": complete/,
    );
  });

  it("takes data connections at its port if the client wants that", async () => {
    const result = await serving.run(["-v", "--tunnel=always", "tree/directory/large", serving.url("one-port")]);
    assertEquals(result.code, 0, result.stderr);
    assertStringIncludes(result.stderr, `data goes to 127.0.0.1:${serving.port}`);
    assertEquals(await compareTrees(`${serving.work}/tree/directory/large`, `${serving.root}/one-port`), []);
  });

  it("copies between two servers through this machine", async () => {
    await using other = await startServing();
    await Deno.copyFile(`${serving.clientHome}/.ssh/id_ed25519`, `${other.clientHome}/.ssh/id_ed25519`);
    const keys = ".config/escp/authorized_keys";
    await Deno.copyFile(`${serving.serverHome}/${keys}`, `${other.serverHome}/${keys}`);
    const result = await serving.run(["-r", serving.url("remote"), other.url("relayed")]);
    assertEquals(result.code, 0, result.stderr);
    assertEquals(await compareTrees(`${serving.root}/remote`, `${other.root}/relayed`), []);
  });

  it("resumes a large file of an interrupted copy", async () => {
    await writeTree(serving.work, { "resumed": { size: 40 << 20, seed: 3 } });
    await using interrupted = await serving.start(["-v", "--limit=3m", "resumed", serving.url("resumed")]);
    await untilNoted(serving.root, 1, interrupted);
    interrupted.kill("SIGINT");
    assertEquals((await interrupted.result).code, 130);
    const result = await serving.run(["-v", "resumed", serving.url("resumed")]);
    assertEquals(result.code, 0, result.stderr);
    assertMatch(result.stderr, /iB resumed/);
    assertEquals(await compareTrees(`${serving.work}/resumed`, `${serving.root}/resumed`), []);
  });

  it("does not give access to files outside of its root", async () => {
    await Deno.symlink("../server", `${serving.root}/link`);
    const escapes = [
      [serving.url("../server/.config/escp/server_identity"), "stolen"],
      [serving.url("%2e%2e/server"), "stolen"],
      [serving.url("link/.config"), "stolen"],
      ["tree", serving.url("link/.config")],
      ["tree", serving.url("../tree")],
    ];
    for (const operands of escapes) {
      const result = await serving.run(["-r", ...operands]);
      assertEquals(result.code, 1, result.stderr);
      assertStringIncludes(result.stderr, "allows only paths in", operands.join(" "));
      assertThrows(() => Deno.lstatSync(`${serving.work}/stolen`), Deno.errors.NotFound);
    }
    // "/" is the root of the server.
    const absolute = await serving.run(["-r", serving.url("/etc/passwd"), "stolen"]);
    assertStringIncludes(absolute.stderr, 'Cannot read "etc/passwd": No such file or directory');
  });

  it("is examined by --doctor", async () => {
    const result = await serving.run(["--doctor", "--doctor-time=50", serving.url("")]);
    assertEquals(result.code, 0, result.stdout + result.stderr);
  });

  it("opens data ports at its own address only", async () => {
    await using copy = await startWaiting(serving, "slow");
    const remote = (await descendantsOf(serving.server.pid)).map(({ pid }) => pid);
    const { stdout } = await new Deno.Command("ss", { args: ["-tlnpH"] }).output();
    const lines = new TextDecoder().decode(stdout).split("\n");
    const ports = lines.filter((line) => remote.some((pid) => line.includes(`pid=${pid},`)));
    assertEquals(ports.length, 1, ports.join("\n"));
    assertMatch(ports[0], / 127\.0\.0\.1:\d+ /);
    await copy.child.stdin.close();
    assertEquals((await copy.result).code, 0);
  });

  it("cannot be the source host of -R, nor can its one-time URL be the target", async () => {
    const origin = await serving.run(["-R", serving.url("remote/small"), serving.url("x")]);
    assertEquals(origin.code, 2);
    assertStringIncludes(origin.stderr, "a server runs no commands");
    const secret = "A".repeat(64);
    const once = await serving.run(["-R", "host:x", `${serving.url("x")}#k=${secret}`]);
    assertEquals(once.code, 2);
    assertStringIncludes(once.stderr, 'Cannot use "-R" with a one-time URL');
    const install = await serving.run(["--install", `${serving.url("x")}#k=${secret}`]);
    assertEquals(install.code, 2);
    assertEquals([origin, once, install].some(({ stderr }) => stderr.includes(secret)), false);
  });
});

describe("a client of a server", () => {
  it("refuses an unknown server unless it may accept it, and names the fingerprint", async () => {
    await using serving = await startServing({ isTrusted: false });
    await writeTree(serving.work, { file: "text" });
    const refused = await serving.run(["file", serving.url("file")]);
    assertEquals(refused.code, 255);
    const fingerprint = /certificate (SHA256:\S{43})/.exec(serving.server.printed.stderr)![1];
    assertStringIncludes(refused.stderr, `it is unknown, and its certificate is ${fingerprint}`);
    const batch = await serving.run(["--batch", "file", serving.url("file")]);
    assertEquals(batch.code, 255);
    assertEquals((await serving.run(["--accept-new", "file", serving.url("file")])).code, 0);
    assertEquals((await serving.run(["file", serving.url("again")])).code, 0);
    const known = await Deno.readTextFile(`${serving.clientHome}/.config/escp/known_servers`);
    assertEquals(known, `127.0.0.1:${serving.port} ${fingerprint}\n`);
  });

  it("refuses a server whose certificate has changed", async () => {
    await using serving = await startServing();
    await writeTree(serving.work, { file: "text" });
    const other = `SHA256:${"A".repeat(43)}`;
    await Deno.writeTextFile(
      `${serving.clientHome}/.config/escp/known_servers`,
      `127.0.0.1:${serving.port} ${other}\n`,
      { mode: 0o600 },
    );
    const result = await serving.run(["file", serving.url("file")]);
    assertEquals(result.code === 0, false);
    assertStringIncludes(result.stderr, "certificate has changed");
    assertEquals([...Deno.readDirSync(serving.root)], []);
  });

  it("without an authorized key is refused, with the keys that it tried", async () => {
    await using serving = await startServing();
    await writeTree(serving.work, { file: "text" });
    await Deno.writeTextFile(`${serving.serverHome}/.config/escp/authorized_keys`, "# nobody\n");
    const result = await serving.run(["file", serving.url("file")]);
    assertEquals(result.code, 255);
    assertMatch(result.stderr, /Cannot log in to escps:\/\/127\.0\.0\.1:\d+: it does not accept key SHA256:\S{43}/);
    assertEquals([...Deno.readDirSync(serving.root)], []);
  });

  it("without any key is refused", async () => {
    await using serving = await startServing();
    await writeTree(serving.work, { file: "text" });
    await Deno.remove(`${serving.clientHome}/.ssh/id_ed25519`);
    const result = await serving.run(["file", serving.url("file")]);
    assertEquals(result.code, 255);
    assertStringIncludes(result.stderr, "it does not accept a client without a key");
    const named = await serving.run(["-i", "missing", "file", serving.url("file")]);
    assertStringIncludes(named.stderr, 'Cannot read the key "missing": No such file or directory');
  });

  it("of a server that does not run gets the reason at once", async () => {
    await using serving = await startServing();
    await writeTree(serving.work, { file: "text" });
    serving.server.kill("SIGTERM");
    await serving.server.result;
    const result = await serving.run(["file", serving.url("file")]);
    assertEquals(result.code, 255);
    assertMatch(result.stderr, /Cannot connect to escps:\/\/127\.0\.0\.1:\d+: Connection refused/);
  });
});

describe("a key with options", () => {
  it("allows only its directions and its directory", async () => {
    await using serving = await startServing({ keyOptions: 'root="inner",allow="push"' });
    await Deno.mkdir(`${serving.root}/inner`);
    await writeTree(serving.work, { file: "text" });
    const pushed = await serving.run(["file", serving.url("file")]);
    assertEquals(pushed.code, 0, pushed.stderr);
    assertEquals(await Deno.readTextFile(`${serving.root}/inner/file`), "text");
    const pulled = await serving.run([serving.url("file"), "fetched"]);
    assertEquals(pulled.code, 1);
    assertStringIncludes(pulled.stderr, "the remote host does not allow copies from it");
    const outside = await serving.run(["file", serving.url("../file")]);
    assertEquals(outside.code, 1, outside.stderr);
    assertEquals([...Deno.readDirSync(serving.root)].map(({ name }) => name), ["inner"]);
  });

  it("limits the rate in both directions, also of a client that does not", async () => {
    // 1 MiB at 4 Mbit/s takes 2 s.
    await using serving = await startServing({ keyOptions: 'limit="4mbit"' });
    await writeTree(serving.work, { file: { size: 1 << 20, seed: 1 } });
    for (const operands of [["file", serving.url("file")], [serving.url("file"), "back"]]) {
      const before = performance.now();
      const result = await serving.run(operands);
      assertEquals(result.code, 0, result.stderr);
      assert(performance.now() - before > 1_800, `${operands} took ${performance.now() - before} ms`);
    }
    assertEquals(await compareTrees(`${serving.work}/file`, `${serving.work}/back`), []);
    const measured = await serving.run(["--doctor", "--doctor-time=50", serving.url("")]);
    assertEquals(measured.code, 1, measured.stdout);
    assertStringIncludes(measured.stdout + measured.stderr, "the remote host limits the rate of this client");
  });

  it("leaves the whole rate to the streams that have data", async () => {
    // 5 MiB at 16 Mbit/s takes 2.6 s. With an eighth of the rate it would take 21 s.
    await using serving = await startServing({ keyOptions: 'limit="16mbit"' });
    await writeTree(serving.work, { file: { size: 5 << 20, seed: 1 } });
    for (const operands of [["file", serving.url("file")], [serving.url("file"), "back"]]) {
      const before = performance.now();
      const result = await serving.run(["-t", "8", ...operands]);
      assertEquals(result.code, 0, result.stderr);
      const ms = performance.now() - before;
      assert(ms > 2_500 && ms < 12_000, `${operands} took ${ms} ms`);
    }
  });

  it("cannot have directions that the server does not allow", async () => {
    await using serving = await startServing({ args: ["--allow=pull"], keyOptions: 'allow="push,pull"' });
    await writeTree(serving.work, { file: "text" });
    const result = await serving.run(["file", serving.url("file")]);
    assertEquals(result.code, 1);
    assertStringIncludes(result.stderr, "the remote host does not allow copies to it");
  });
});

describe("escp --serve --one-port", () => {
  it("accepts data connections at its own port only", async () => {
    await using serving = await startServing({ args: ["--one-port"] });
    await writeTree(serving.work, TREE);
    const pushed = await serving.run(["-v", "-r", "directory", serving.url("pushed")]);
    assertEquals(pushed.code, 0, pushed.stderr);
    assertStringIncludes(pushed.stderr, `data goes to 127.0.0.1:${serving.port}`);
    const pulled = await serving.run(["-r", "--tunnel=never", serving.url("pushed"), "fetched"]);
    assertEquals(pulled.code, 0, pulled.stderr);
    assertEquals(await compareTrees(`${serving.work}/directory`, `${serving.work}/fetched`), []);
  });
});

describe("escp --serve --once", () => {
  it("prints one line, a URL that permits one push, and ends with status 0 after it", async () => {
    await using serving = await startServing({ args: ["--once"], isTrusted: false });
    await writeTree(serving.work, { file: "text" });
    const url = serving.output.trimEnd();
    assertMatch(serving.output, /^escps:\/\/127\.0\.0\.1:\d+\/#k=[A-Za-z0-9_-]{64}\n$/);
    const result = await serving.run(["file", url]);
    assertEquals(result.code, 0, result.stderr);
    assertEquals(await Deno.readTextFile(`${serving.root}/file`), "text");
    assertEquals((await serving.server.result).code, 0);
    const again = await serving.run(["file", url]);
    assertEquals(again.code, 255);
    const printed = [result, again].map(({ stdout, stderr }) => stdout + stderr).join() + serving.server.printed.stderr;
    assert(!printed.includes(url.slice(-20)), printed);
  });

  it("permits a pull of the root", async () => {
    await using serving = await startServing({ args: ["--once"], isTrusted: false });
    await writeTree(serving.root, TREE);
    const result = await serving.run(["-r", serving.output.trimEnd(), "fetched"]);
    assertEquals(result.code, 0, result.stderr);
    assertEquals(await compareTrees(serving.root, `${serving.work}/fetched`), []);
  });

  it("keeps its URL usable after a client with another secret, and without one", async () => {
    await using serving = await startServing({ args: ["--once"] });
    await writeTree(serving.work, { file: "text" });
    const url = serving.output.trimEnd();
    const wrong = url.slice(0, -4) + (url.endsWith("AAAA") ? "BBBB" : "AAAA");
    const refused = await serving.run(["file", wrong]);
    assertEquals(refused.code, 255);
    assertStringIncludes(refused.stderr, "it does not accept the key of the URL");
    assertStringIncludes(refused.stderr, "hint: Copy the whole line that escp --serve --once has printed");
    const at = url.indexOf("#k=") + 3;
    const swapped = url.slice(0, at) + (url.startsWith("AAAA", at) ? "BBBB" : "AAAA") + url.slice(at + 4);
    const untrusted = await serving.run(["file", swapped]);
    assertEquals(untrusted.code, 255);
    assertStringIncludes(untrusted.stderr, "its certificate is not that of the URL");
    assertStringIncludes(untrusted.stderr, "hint: Copy the whole line that escp --serve --once has printed");
    const stranger = await serving.run(["file", url.slice(0, url.indexOf("#"))]);
    assertEquals(stranger.code, 255);
    assertEquals((await serving.run(["file", url])).code, 0);
  });

  it("is not tried again after a lost session", async () => {
    await using serving = await startServing({ args: ["--once"] });
    await writeTree(serving.work, { large: { size: 8 << 20, seed: 3 } });
    const copy = await serving.start(["-v", "--limit=2M", "large", serving.output.trimEnd()]);
    await copy.waitForText("stderr", /data goes to/);
    const ends = await descendantsOf(serving.server.pid);
    for (const end of ends) killProcess(end);
    const lost = await copy.result;
    assertEquals(lost.code, 1);
    assert(!lost.stderr.includes("trying again"), lost.stderr);
    assertStringIncludes(lost.stderr, "hint: The one-time URL is used up: start escp --serve --once again");
  });

  it("names the need for a new URL if the remote end fails before the session begins, or refuses the copy", async () => {
    for (
      const [command, args, message] of [
        [alteredEscp("failing_remote.ts"), [], "the server ended it before it began"],
        [escpCommand(), ["--chown=no-such-user"], 'the host of the target has no user "no-such-user"'],
      ] as const
    ) {
      await using serving = await startServing({ args: ["--once"], command: () => command });
      await writeTree(serving.work, { file: "text" });
      const { code, stderr } = await serving.run([...args, "file", serving.output.trimEnd()]);
      assert(code !== 0, stderr);
      assertStringIncludes(stderr, message);
      assertStringIncludes(stderr, "The one-time URL is used up: start escp --serve --once again, and use its new URL");
    }
  });

  it("names the need for a new URL if the other host of a copy refuses it", async () => {
    await using serving = await startServing({ args: ["--once"] });
    await using target = await startServing();
    const keys = ".config/escp/authorized_keys";
    await Deno.copyFile(`${serving.serverHome}/${keys}`, `${target.serverHome}/${keys}`);
    await writeTree(serving.root, { file: "text" });
    const once = serving.output.trimEnd().replace("/#", "/file#");
    const { code, stderr } = await serving.run([once, target.url("none/file")]);
    assertEquals(code, 1, stderr);
    assertStringIncludes(stderr, 'Cannot create "none/file": No such file or directory');
    assertStringIncludes(stderr, ". The one-time URL is used up: start escp --serve --once again");
  });

  it("names the need for a new URL after an interruption", async () => {
    await using serving = await startServing({ args: ["--once"] });
    await writeTree(serving.work, { large: { size: 8 << 20, seed: 3 } });
    const copy = await serving.start(["-v", "--limit=2M", "large", serving.output.trimEnd()]);
    await copy.waitForText("stderr", /data goes to/);
    copy.kill("SIGINT");
    const { code, stderr } = await copy.result;
    assertEquals(code, 130);
    assertStringIncludes(stderr, "use its new URL to resume; completed files are kept");
  });

  it("gives a URL that only its own certificate fulfils", async () => {
    await using serving = await startServing({ args: ["--once"] });
    await using other = await startServing({ args: ["--once"] });
    await writeTree(serving.work, { file: "text" });
    const mixed = serving.output.trimEnd().replace(`:${serving.port}/`, `:${other.port}/`);
    const result = await serving.run(["file", mixed]);
    assertEquals(result.code, 255);
    assertStringIncludes(result.stderr, "its certificate is not that of the URL");
  });
});

describe("escp --serve after SIGTERM", () => {
  it("finishes a running session, refuses new ones, and ends with status 0", async () => {
    await using serving = await startServing({ args: ["--one-port"] });
    await writeTree(serving.work, { file: { size: 600_000 }, other: "text" });
    await using copy = await startWaiting(serving, "file");
    serving.server.kill("SIGTERM");
    await serving.server.waitForText("stderr", /ending after 1 running session;/);
    const refused = await serving.run(["other", serving.url("other")]);
    assertEquals(refused.code, 255);
    assertStringIncludes(refused.stderr, "it accepts no new sessions");
    await ReadableStream.from([await Deno.readFile(`${serving.work}/file`)]).pipeTo(copy.child.stdin);
    assertEquals((await copy.result).code, 0, copy.printed.stderr);
    assertEquals((await serving.server.result).code, 0);
    assertEquals(await compareTrees(`${serving.work}/file`, `${serving.root}/file`), []);
  });

  it("ends at once after a second signal, with its remote ends", async () => {
    await using serving = await startServing();
    await writeTree(serving.work, { file: { size: 50 << 20 } });
    await using copy = await serving.start(["--limit=1600", "--retries=0", "-v", "file", serving.url("file")]);
    await copy.waitForText("stderr", /data goes to/);
    serving.server.kill("SIGTERM");
    await serving.server.waitForText("stderr", /ending after 1 running session;/);
    serving.server.kill("SIGTERM");
    const { code, leftBehind } = await serving.server.result;
    assertEquals(code, 130);
    assertEquals((await copy.result).code === 0, false);
    assertEquals(await leftBehind(), []);
  });
});

describe("escp --serve with an invalid command line", () => {
  it("is refused before it listens", async () => {
    await using directory = await createTempDirectory();
    const root = ["--serve", "--root", directory.path];
    for (
      const [args, code, message] of [
        [["--serve"], 2, "needs a directory"],
        [["--serve", "--root", "/", "x"], 2, "takes no operands"],
        [[...root, "--allow=all"], 2, "must be push, pull or push,pull"],
        [[...root, "--listen=a:b"], 2, "must be ADDRESS, PORT or ADDRESS:PORT"],
        [[...root, "--listen=65536"], 2, "must be ADDRESS, PORT or ADDRESS:PORT"],
        [[...root, "--doctor"], 2, "exclude each other"],
        [[...root, "--once", "--authorized-keys=x"], 2, "exclude each other"],
        [["--serve", "--root", `${directory.path}/none`], 1, "No such file or directory"],
        [["--root", "/", "a", "b"], 2, 'applies to "--serve" only'],
        [["--install", "escps://h"], 2, "it needs ssh"],
      ] as const
    ) {
      const result = await runEscp([...args]);
      assertEquals(result.code, code, result.stderr);
      assertStringIncludes(result.stderr, message);
    }
  });
});

describe("escp --serve with a root in the configuration of its host", () => {
  it("serves a directory below that root, also by a link, and refuses one outside", async () => {
    await using directory = await createTempDirectory();
    await Deno.mkdir(`${directory.path}/limit/inner`, { recursive: true });
    await Deno.symlink("limit", `${directory.path}/link`);
    const config = `root: ${directory.path}/link\n`;
    await using serving = await startServing({ config, root: `${directory.path}/limit/inner` });
    await writeTree(serving.work, { file: "text" });
    const result = await serving.run(["file", serving.url("file")]);
    assertEquals(result.code, 0, result.stderr);
    assertEquals(await Deno.readTextFile(`${directory.path}/limit/inner/file`), "text");
    const outside = await runEscp(["--serve", "--root", serving.work], { env: { HOME: serving.serverHome } });
    assertEquals(outside.code, 2);
    assertStringIncludes(outside.stderr, "the configuration confines sessions to");
  });
});
