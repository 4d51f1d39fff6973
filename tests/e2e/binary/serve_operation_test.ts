/** `escp --serve` as its operator sees it: log, signals, files of keys. Real processes, and no ssh server. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { runEscp } from "../../support/escp/escp_command.ts";
import { untilNoted, untilTrue } from "../../support/escp/interruptions.ts";
import { temporaryFiles } from "../../support/escp/temporary_files.ts";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { makeFifo } from "../../support/files/fifo.ts";
import { createTempDirectory } from "../../support/files/temp.ts";
import { writeTree } from "../../support/files/temp_tree.ts";
import { type Serving, startServing } from "../../support/hosts/serving.ts";
import { descendantsOf, killProcess } from "../../support/processes.ts";
import { converse } from "../../security/serve/client.ts";

const TREE = { "small": "small", "empty": "", "directory/large": { size: 5 << 20, seed: 7 } };
/** Returns the last line of each session in the log, without the date. */
function endsOf({ server }: Serving): string[] {
  return server.printed.stderr.split("\n").slice(0, -1).filter((line) => line.includes(": session ended after "));
}

/** Waits for a session to end after a number of others. Returns the end of its last line. */
async function nextEnd(serving: Serving, before: number): Promise<string> {
  await serving.server.waitForText("stderr", new RegExp(`(?:: session ended after [^\n]*\n[^]*){${before + 1}}`));
  const line = endsOf(serving)[before];
  return LAST_LINE.exec(line)?.[1] ?? line;
}

/** Runs a client. Returns its result, and the end of the last line of its session. */
async function runLogged(
  serving: Serving,
  args: readonly string[],
): Promise<{ code: number; stderr: string; end: string }> {
  const before = endsOf(serving).length;
  const { code, stderr } = await serving.run(args);
  return { code, stderr, end: await nextEnd(serving, before) };
}

const LAST_LINE =
  /^\S+Z info {2}[0-9a-f]{8} SHA256:\S{43} from 127\.0\.0\.1 \(test-client\): session ended after [0-9.]+ s: (.*)$/;

describe("the log of escp --serve", () => {
  let serving: Serving;
  beforeAll(async () => {
    serving = await startServing({ args: ["--log", "log"] });
    await writeTree(`${serving.work}/tree`, TREE);
    await writeTree(`${serving.root}/remote`, TREE);
  });
  afterAll(() => serving[Symbol.asyncDispose]());

  it("has the task, the outcome and the counts of a push, also in the file of --log", async () => {
    const { code, stderr, end } = await runLogged(serving, ["-r", "tree", serving.url("pushed")]);
    assertEquals([code, end], [0, 'push to "pushed": complete, 3 files, 5242885 bytes'], stderr);
    const { printed } = serving.server;
    assertMatch(printed.stderr, /push to "pushed" begins\n/);
    assertEquals(await Deno.readTextFile(`${serving.work}/../log`), printed.stderr);
  });

  it("has the paths of a pull as the client wrote them, and its failures", async () => {
    await Deno.mkdir(`${serving.work}/fetched`);
    const sources = ["rem*", "none\n", "a", "b"].map((path) => serving.url(path));
    const { code, stderr, end } = await runLogged(serving, ["-r", ...sources, "fetched"]);
    const counts = "incomplete, 3 files, 5242885 bytes, 3 failed";
    assertEquals([code, end], [1, String.raw`pull of "rem*", "none\n", "a" and 1 more: ${counts}`], stderr);
  });

  it("has the deleted entries of a push, and marks a dry run", async () => {
    await writeTree(`${serving.root}/mirror/tree/extra`, { file: "" });
    const args = ["-r", "--delete", "tree", serving.url("mirror")];
    const dry = await runLogged(serving, ["--dry-run", ...args]);
    assertEquals(dry.end, 'push (dry run) to "mirror": complete', dry.stderr);
    const { code, stderr, end } = await runLogged(serving, args);
    assertEquals([code, end], [0, 'push to "mirror": complete, 3 files, 5242885 bytes, 2 deleted'], stderr);
  });

  it("has what a client has sent before it vanished", async () => {
    await writeTree(serving.work, { "vanishing": { size: 40 << 20, seed: 3 } });
    const before = endsOf(serving).length;
    await using copy = await serving.start(["--limit=24m", "vanishing", serving.url("vanished")]);
    await untilNoted(serving.root, 1, copy);
    copy.kill("SIGKILL");
    assertMatch(await nextEnd(serving, before), /^push to "vanished": aborted \(.+\), 0 files, [1-9]\d* bytes$/);
  });

  it("has the end of a remote end that was killed", async () => {
    await writeTree(serving.work, { "killed": { size: 40 << 20, seed: 3 } });
    const before = endsOf(serving).length;
    await using copy = await serving.start(["--limit=24m", "--retries=0", "killed", serving.url("killed")]);
    await untilTrue(() => temporaryFiles(serving.root).length > 1, copy);
    for (const remote of await descendantsOf(serving.server.pid)) killProcess(remote);
    assertMatch(
      await nextEnd(serving, before),
      /^push to "killed": aborted \(signal SIGKILL\), 0 files, \d+ bytes$/,
    );
  });

  it("has refused tasks, measurements and clean runs", async () => {
    const refused = await runLogged(serving, ["-r", "tree", serving.url("../outside")]);
    assertMatch(refused.end, /^push to "\.\.\/outside": aborted \(.*allows only paths in.*\), 0 files, 0 bytes/);
    const measured = await runLogged(serving, ["--doctor", "--doctor-time=50", serving.url("")]);
    assertMatch(measured.end, /^measurement at ".*": complete$/);
    const clean = await runLogged(serving, ["--clean", serving.url("remote")]);
    assertEquals(clean.end, 'clean of "remote": complete', clean.stderr);
  });
});

describe("the log of escp --serve about strangers", () => {
  it("has a limited number of lines, and one with the count of all others", async () => {
    await using serving = await startServing();
    for (let count = 0; count < 60; count++) await converse(serving.port, "GET / HTTP/1.1\n");
    serving.server.kill("SIGTERM");
    const { stderr } = await serving.server.result;
    assertEquals(stderr.match(/127\.0\.0\.1: Cannot use the connection/g)?.length, 5, stderr);
    assertStringIncludes(stderr, "55 more connections of 127.0.0.0/24 without a session\n");
  });
});

describe("the log of escp --serve about faults of the server", () => {
  it("has a line for a file of keys that others can change, although strangers have used up theirs", async () => {
    await using serving = await startServing();
    await writeTree(serving.work, { file: "text" });
    await Deno.chmod(`${serving.serverHome}/.config/escp/authorized_keys`, 0o666);
    for (let count = 0; count < 10; count++) await converse(serving.port, "GET / HTTP/1.1\n");
    for (let count = 0; count < 2; count++) {
      const { code, stderr } = await serving.run(["file", serving.url()]);
      assertEquals(code, 255);
      assertStringIncludes(stderr, "it cannot serve this key; see its log");
    }
    serving.server.kill("SIGTERM");
    const { stderr } = await serving.server.result;
    assertMatch(stderr, /warn .*127\.0\.0\.1: refused SHA256:\S+: Cannot read ".*": other users may write to it\n/);
    assertMatch(stderr, /warn .* 1 more connection: Cannot read ".*": other users may write to it\n/);
  });
});

describe("escp --serve --log", () => {
  it("opens the file again after SIGHUP, because another program may have renamed it", async () => {
    await using directory = await createTempDirectory();
    const [path, renamed] = [`${directory.path}/log`, `${directory.path}/log.1`];
    await using serving = await startServing({ args: ["--log", path] });
    await writeTree(serving.work, { file: "text" });
    await Deno.rename(path, renamed);
    serving.server.kill("SIGHUP");
    await serving.server.waitForText("stderr", / has 1 key\n/);
    assertEquals((await serving.run(["file", serving.url()])).code, 0);
    await serving.server.waitForText("stderr", /: session ended after /);
    assertMatch(await Deno.readTextFile(renamed), /serving .*, certificate SHA256:\S+\n$/);
    assertMatch(await Deno.readTextFile(path), /^\S+ info .* has 1 key\n[^]*: session ended after .*\n$/);
    // The former file stays in use if the new one cannot be opened.
    await Deno.rename(path, renamed);
    await Deno.mkdir(path);
    serving.server.kill("SIGHUP");
    await serving.server.waitForText(
      "stderr",
      /Cannot open the log file ".*": Is a directory; the former file stays in use\n/,
    );
    assertMatch(await Deno.readTextFile(renamed), /the former file stays in use\n/);
  });

  it("refuses a file that clients could change, and a FIFO", async () => {
    await using directory = await createTempDirectory();
    await Deno.mkdir(`${directory.path}/root`);
    makeFifo(`${directory.path}/fifo`);
    const serve = (log: string) =>
      runEscp(["--serve", "--root", `${directory.path}/root`, "--log", `${directory.path}/${log}`]);
    const inside = await serve("root/log");
    assertEquals(inside.code, 1);
    assertStringIncludes(inside.stderr, "it contains the log file");
    const fifo = await serve("fifo");
    assertEquals(fifo.code, 2);
    assertStringIncludes(fifo.stderr, "it is a FIFO");
  });
});

/** Sends SIGTERM to the server and all its children, as `kill -TERM -1` in a container, or a service manager. */
async function terminateAll({ server }: Serving): Promise<void> {
  const children = await descendantsOf(server.pid);
  assert(children.length > 0);
  for (const child of children) killProcess(child, "SIGTERM");
  server.kill("SIGTERM");
}

describe("escp --serve after SIGTERM to all its processes", () => {
  it("finishes a running session, and ends with status 0", async () => {
    await using serving = await startServing();
    await writeTree(serving.work, { file: { size: 2_000_000 } });
    // Takes 10 s: longer than the time in which other runs of escp end after a signal.
    await using copy = await serving.start(["--limit=1600", "-v", "file", serving.url("file")]);
    await copy.waitForText("stderr", /data goes to/);
    await terminateAll(serving);
    await serving.server.waitForText("stderr", /ending after 1 running session;/);
    assertEquals((await copy.result).code, 0, copy.printed.stderr);
    assertEquals((await serving.server.result).code, 0);
    assertEquals(await compareTrees(`${serving.work}/file`, `${serving.root}/file`), []);
  });

  it("also finishes a session whose remote end is just starting", async () => {
    await using serving = await startServing();
    await writeTree(serving.work, { file: "text" });
    await using copy = await serving.start(["file", serving.url("file")]);
    let isSignaled = false;
    const signal = () => {
      for (const child of childrenOf(serving.server.pid)) {
        Deno.kill(child, "SIGTERM");
        isSignaled = true;
      }
      return isSignaled;
    };
    await untilTrue(signal, copy);
    assertEquals((await copy.result).code, 0, copy.printed.stderr);
  });

  it("ends at once after a second signal to all", async () => {
    await using serving = await startServing();
    await writeTree(serving.work, { file: { size: 50 << 20 } });
    await using copy = await serving.start(["--limit=1600", "--retries=0", "-v", "file", serving.url("file")]);
    await copy.waitForText("stderr", /data goes to/);
    await terminateAll(serving);
    await serving.server.waitForText("stderr", /ending after 1 running session;/);
    await terminateAll(serving);
    const { code, leftBehind } = await serving.server.result;
    assertEquals(code, 130);
    assertEquals((await copy.result).code === 0, false);
    assertEquals(await leftBehind(), []);
  });
});

/** Returns the children of a process. Faster than a search in all processes. */
function childrenOf(pid: number): number[] {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/task`)].flatMap(({ name }) =>
      Deno.readTextFileSync(`/proc/${pid}/task/${name}/children`).trim().split(" ").filter(Boolean).map(Number)
    );
  } catch {
    return [];
  }
}

const binary = Deno.env.get("ESCP_BINARY");
const WITH_BINARY = binary === undefined ? " (skipped: needs ESCP_BINARY)" : "";

describe(`the executable of escp --serve${WITH_BINARY}`, { ignore: binary === undefined }, () => {
  it("may be replaced while the server runs", async () => {
    await using directory = await createTempDirectory();
    const path = `${directory.path}/escp`;
    await Deno.copyFile(binary!, path);
    await using serving = await startServing({ command: () => [path] });
    await Deno.writeTextFile(`${serving.work}/file`, "x");
    // The first session has a process that was started before.
    for (const name of ["first", "second", "third"]) {
      await Deno.copyFile(binary!, `${path}.new`);
      await Deno.rename(`${path}.new`, path);
      const { code, stderr } = await serving.run(["file", serving.url(name)]);
      assertEquals([code, stderr], [0, ""]);
    }
  });

  it("must not be below the root", async () => {
    await using directory = await createTempDirectory();
    const path = `${directory.path}/escp`;
    await Deno.copyFile(binary!, path);
    const { code, stderr } = await runEscp(["--serve", "--root", directory.path], { command: [path] });
    assertEquals(code, 1, stderr);
    assertStringIncludes(stderr, `it contains "${path}", and this account can change "${directory.path}"`);
  });
});

describe("a FIFO in place of a file of keys", () => {
  it("is refused at once by the client and by the server", async () => {
    await using serving = await startServing();
    await writeTree(serving.work, { file: "text" });
    makeFifo(`${serving.work}/fifo`);
    const named = await serving.run(["-i", "fifo", "file", serving.url("file")]);
    assertEquals(named.code, 1, named.stderr);
    assertStringIncludes(named.stderr, 'Cannot read the key "fifo": it is not a regular file');
    const server = await runEscp(["--serve", "--root", serving.root, "--authorized-keys", `${serving.work}/fifo`]);
    assertEquals(server.code, 1, server.stderr);
    assertStringIncludes(server.stderr, 'fifo": it is not a regular file');
    for (const name of [".config/escp/known_servers", ".ssh/id_ed25519"]) {
      const path = `${serving.clientHome}/${name}`;
      await Deno.remove(path).catch(() => {});
      makeFifo(path);
      const result = await serving.run(["file", serving.url("file")]);
      assertEquals(result.code, 1, result.stderr);
      assertStringIncludes(result.stderr, `${name}": it is not a regular file`);
      await Deno.remove(path);
    }
    const home = `${serving.work}/home`;
    await Deno.mkdir(`${home}/.config/escp`, { recursive: true });
    makeFifo(`${home}/.config/escp/server_identity`);
    const identity = await runEscp(["--serve", "--root", serving.root], { env: { HOME: home } });
    assertEquals(identity.code, 1, identity.stderr);
    assertStringIncludes(identity.stderr, 'server_identity": it is not a regular file');
  });
});

describe("messages of a session without ssh", () => {
  /** Runs a copy that fails, and asserts that no message names ssh. */
  async function fails(serving: Serving, args: readonly string[], message: string): Promise<void> {
    const result = await serving.run(args);
    assert(result.code !== 0, result.stdout);
    assertStringIncludes(result.stderr, message);
    assert(!/\bssh\b/i.test(result.stderr), result.stderr);
  }

  it("do not name ssh", async () => {
    await using serving = await startServing();
    await writeTree(serving.work, { file: "text", "directory/file": "" });
    await fails(serving, [serving.url("none"), "x"], 'Cannot read "none": No such file or directory');
    await fails(serving, ["file", serving.url("none/x")], "No such file or directory");
    await fails(serving, ["directory", serving.url("x")], "directory");
    await fails(serving, ["--remote-log=x", "file", serving.url("x")], "hint: Omit --remote-log: a server confines");
  });

  it("name --allow if the direction is not allowed", async () => {
    await using serving = await startServing({ args: ["--allow=pull"] });
    await writeTree(serving.work, { file: "text" });
    await writeTree(serving.root, { file: "text" });
    await fails(serving, ["file", serving.url("x")], "hint: See --allow of escp --serve");
    await fails(serving, ["--remove-source-files", serving.url("file"), "x"], "hint: Omit --remove-source-files. See");
    await fails(serving, ["--clean", serving.url("")], "hint: See --allow of escp --serve");
  });

  it("explain a lost connection", async () => {
    await using serving = await startServing();
    await writeTree(serving.work, { file: { size: 40 << 20 } });
    await using copy = await serving.start(["--limit=24m", "--retries=0", "file", serving.url("file")]);
    await untilNoted(serving.root, 1, copy);
    serving.server.kill("SIGKILL");
    const { code, stderr } = await copy.result;
    assert(code !== 0);
    assertMatch(stderr, /the session with escps:\/\/\S+ was lost \((the server ended it|the connection broke)\)/);
    assertMatch(stderr, /hint: Run the same command again to resume/);
    assert(!/\bssh\b|status \d/.test(stderr), stderr);
  });

  it("name the port of the server if no data port can be reached", async () => {
    await using serving = await startServing();
    await writeTree(serving.work, { file: "text" });
    const never = ["--tunnel=never", "--data-address=127.0.0.1:1", "file", serving.url("x")];
    await fails(serving, never, "let the data go through the port of the server (--tunnel auto)");
    const doctor = await serving.run(["--doctor", "--doctor-time=50", "--tunnel=always", serving.url("")]);
    assertStringIncludes(doctor.stdout, `through port ${serving.port} of the server`);
    assert(!/through ssh/.test(doctor.stdout), doctor.stdout);
  });
});
