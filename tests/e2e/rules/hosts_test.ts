import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { runEscp } from "../../support/escp/escp_command.ts";
import { lastEvent, parseEvents } from "../../support/escp/json_events.ts";
import { describeWithScene, ENGINES } from "../../support/scene.ts";
import { addHostsToRemote } from "../../support/hosts/sshd.ts";

const SOURCES = {
  "here": "here",
  "one": "one",
  "two": "two",
  "directory/of/both": "1",
  "large": { size: 3 << 20, seed: 7 },
};

describeWithScene("sources on several hosts in one run", (scene) => {
  beforeAll(async () => {
    await addHostsToRemote(scene.sshd);
  });

  const copy = (...args: string[]) => runEscp([...scene.sshd.sshOptions, ...args], { timeoutMs: 120_000 });

  for (const [index, host] of ["", "testhost:"].entries()) {
    const engine = ENGINES[index % ENGINES.length];
    it(`are all copied ${host ? "to another host" : "to this machine"} with one stream of events (${engine})`, async () => {
      const from = await scene.tree(SOURCES);
      const to = await scene.tree({ "to/x": "x" });
      const { code, stderr, stdout } = await copy(
        ...["--json", "--engine", engine, `${from}/here`, `testhost:${from}/one`, `testhost2:${from}/two`],
        ...[`testhost:${from}/large`, `${host}${to}/to`],
      );
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      const { "directory/of/both": _, ...expected } = SOURCES;
      assertEquals(await compareTrees(`${to}/to`, await scene.tree({ ...expected, x: "x" })), []);
      const log = parseEvents(stdout);
      const events = log.map(({ event }) => event);
      assertEquals(events.filter((event) => event === "start" || event === "end"), ["start", "end"]);
      assertEquals(events.filter((event) => event === "connected").length, 3);
      const { status, files, bytes, failed } = log.at(-1);
      assertEquals({ status, files, bytes, failed }, { status: "ok", files: 4, bytes: 10 + (3 << 20), failed: 0 });
    });
  }

  it("are copied by their hosts with -R", async () => {
    const from = await scene.tree(SOURCES);
    const to = await scene.tree();
    const { code, stderr, stdout } = await copy(
      ...["--json", "-R", `testhost:${from}/one`, `testhost2:${from}/two`, `${from}/here`, `testhost:${to}`],
    );
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(await compareTrees(to, await scene.tree({ one: "one", two: "two", here: "here" })), []);
    const { files, failed } = lastEvent(stdout);
    assertEquals({ files, failed }, { files: 3, failed: 0 });
  });

  it("are mirrored by their host with -R", async () => {
    const from = await scene.tree(SOURCES);
    const to = await scene.tree({ "to/old/x": "x", "to/one": "old" });
    const operands = [`testhost:${from}`, `testhost2:${to}/to`];
    const dry = await copy("--mirror", "-R", "-n", ...operands);
    assertEquals([dry.code, dry.stdout.match(/^remove.*$/gm)?.length], [0, 2], dry.stderr);
    const { code, stderr } = await copy("--mirror", "-R", "-v", ...operands);
    assertEquals([code, stderr.match(/^deleted .*$/gm)?.length], [0, 2], stderr);
    assertStringIncludes(stderr, ", 2 deleted");
    assertEquals(await compareTrees(from, `${to}/to`, { mtimes: "s" }), []);
  });

  it("have one note about rules that exclude nothing with -R", async () => {
    const from = await scene.tree(SOURCES);
    const to = await scene.tree();
    const sources = [`testhost:${from}/one`, `testhost2:${from}/two`];
    const { code, stdout } = await copy("--json", "-R", "--include=o*", ...sources, `testhost:${to}`);
    assertEquals(code, 0);
    const notes = parseEvents(stdout).filter(({ event }) => event === "note");
    assertEquals(notes.map(({ message }) => message.slice(0, 27)), ["--include without --exclude"]);
  });

  it("may be patterns with -R, or literal names if nothing matches", async () => {
    const from = await scene.tree({ "a1": "1", "a2": "2", "[x]": "literal" });
    const to = await scene.tree();
    const port = `scp://testhost:${scene.sshd.port}/${to}`;
    const { code, stderr } = await copy("-R", `testhost:${from}/a?`, `testhost:${from}/[x]`, port);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(await compareTrees(from, to), []);
  });

  it("may be the home directory with -R, which means its contents", async () => {
    const from = await scene.tree({ a: "a", "d/b": "b" });
    const to = await scene.tree();
    // As on the source host.
    const env = { HOME: from, XDG_STATE_HOME: await scene.tree() };
    const { code, stderr } = await runEscp(["--local-patterns", "-r", "~", to], { env });
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(await compareTrees(from, to), []);
  });

  it("are refused with -R if the target is not a directory", async () => {
    const from = await scene.tree(SOURCES);
    const to = await scene.tree({ file: "old" });
    const { code } = await copy("-R", `testhost:${from}/one`, `testhost2:${from}/two`, `testhost:${to}/file`);
    assertEquals(code, 1);
    assertEquals(await Deno.readTextFile(`${to}/file`), "old");
  });

  for (const host of ["", "testhost:"]) {
    it(`are refused before anything is written if the ${host ? "remote" : "local"} target is not a directory`, async () => {
      const from = await scene.tree(SOURCES);
      const to = await scene.tree({ file: "old" });
      for (const [name, state] of [["file", "Not a directory"], ["new", "No such file or directory"]]) {
        const { code, stderr } = await copy(`${from}/here`, `testhost2:${from}/one`, `${host}${to}/${name}`);
        assertEquals(code, 1);
        assertStringIncludes(stderr, `${to}/${name}": ${state}`);
      }
      assertEquals(await compareTrees(to, await scene.tree({ file: "old" })), []);
    });
  }

  it("are copied from other hosts if one host cannot be reached", async () => {
    const from = await scene.tree(SOURCES);
    const to = await scene.tree();
    const hosts = [`testhost:${from}/one`, `nobody@testhost:${from}/here`, `testhost:${from}/gone`, `${from}/here`];
    const { code, stderr } = await copy("-B", ...hosts, to);
    assertEquals(code, 1);
    assertMatch(stderr, /escp: Cannot read ".*gone": No such file or directory/);
    assertMatch(stderr, /escp: Cannot log in to nobody@testhost/);
    assertEquals(await compareTrees(to, await scene.tree({ one: "one", here: "here" })), []);
    assertEquals((await copy("-B", "nobody@testhost:x", "noone@testhost:y", to)).code, 255);
  });

  it("are named with their hosts in messages and events", async () => {
    const from = await scene.tree(SOURCES);
    const to = await scene.tree();
    const gone = `${from}/gone`;
    const args = ["-B", "--json", `testhost:${gone}`, `testhost2:${gone}`, gone, `nobody@testhost:x`, to];
    const { code, stderr, stdout } = await copy(...args);
    assertEquals(code, 1);
    const failures = parseEvents(stdout).filter(({ event }) => event === "failed");
    assertEquals(failures.map(({ host }) => host), ["testhost", "testhost2", undefined, "nobody@testhost"]);
    assertMatch(failures[3].reason, /Permission denied/);
    for (const path of [`testhost:${gone}`, `testhost2:${gone}`, gone]) {
      assertStringIncludes(stderr, `escp: Cannot read "${path}": No such file or directory\n`);
    }
    const relayed = await copy("--json", `testhost:${from}/one`, `testhost:${gone}`, `testhost2:${to}/`);
    assertEquals(relayed.code, 1);
    assertStringIncludes(relayed.stderr, `escp: Cannot read "testhost:${gone}": No such file or directory\n`);
    // With two hosts, each message is about the only remote one, or about this machine.
    const single = await copy("--json", `testhost:${gone}`, to);
    assertStringIncludes(single.stderr, `escp: Cannot read "${gone}": No such file or directory\n`);
    assertEquals(parseEvents(single.stdout).find(({ event }) => event === "failed")?.host, "testhost");
  });

  it("are named with their hosts if their targets fail, by both engines", async () => {
    for (const engine of ENGINES) {
      const from = await scene.tree({ "one": "one", "two": { size: 3 << 20, seed: 1 } });
      const to = await scene.tree({ "one": { directory: true }, "two": { directory: true } });
      const args = ["--engine", engine, `testhost:${from}/one`, `${from}/two`, `testhost2:${to}`];
      const { code, stderr } = await copy(...args);
      assertEquals(code, 1);
      for (const name of ["one", "two"]) assertStringIncludes(stderr, `"testhost2:${to}/${name}": `);
    }
  });

  it("may contain directories with the same name, which are merged, but not files", async () => {
    const one = await scene.tree({ "tree/one": "1", "same": "first" });
    const two = await scene.tree({ "tree/two": "2", "same": "second" });
    const to = await scene.tree();
    const { code, stderr } = await copy("-r", `${one}/tree`, `testhost:${two}/tree`, `${one}/same`, to);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const lost = await copy(`${one}/same`, `testhost:${two}/same`, to);
    assertEquals(lost.code, 1);
    assertStringIncludes(lost.stderr, 'Cannot copy "same" from two hosts to the same name');
    assertEquals(await compareTrees(to, await scene.tree({ "tree/one": "1", "tree/two": "2", "same": "first" })), []);
  });
});
