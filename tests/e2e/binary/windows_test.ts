/** The executable for Windows, run by Wine. Its disk is a directory of this machine, and its ssh is that of this machine. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { afterAll, beforeAll, it } from "@std/testing/bdd";
import { runEscp } from "../../support/escp/escp_command.ts";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { listNames } from "../../support/files/list_names.ts";
import { writeTree } from "../../support/files/temp_tree.ts";
import { describeWithScene } from "../../support/scene.ts";
import { startWineEscp, type WineEscp, wineProblem } from "../../support/wine/wine.ts";

/** Limits that only catch hangs, also on a busy machine. */
const [SILENCE_SECONDS, LIMIT_MS] = [600, 900_000];

const problem = await wineProblem();
const why = problem ? ` (skipped: ${problem})` : "";

describeWithScene(`the executable for Windows, by Wine${why}`, { ignore: problem !== undefined }, (scene) => {
  let wine: WineEscp | undefined;
  let cases = 0;

  beforeAll(async () => {
    wine = await startWineEscp();
  });
  afterAll(() => wine?.[Symbol.asyncDispose]());

  const run = (cwd: string, ...args: string[]) =>
    runEscp([...scene.sshd.sshOptions, "--timeout", String(SILENCE_SECONDS), ...args], {
      command: wine!.command,
      cwd,
      timeoutMs: LIMIT_MS,
    });
  /** Writes a tree to the disk of Windows. Returns its path here, and there. */
  const write = async (entries: Parameters<typeof writeTree>[1]) => {
    const name = `t${cases++}`;
    await writeTree(`${wine!.drive}/${name}`, entries);
    return { here: `${wine!.drive}/${name}`, there: `C:\\${name}` };
  };

  it("copies a directory to a host, back, and locally, with times and usable permissions", async () => {
    const mtime = new Date("2020-02-02T02:02:02Z");
    const { here, there } = await write({
      "from/one file": { content: "1", mtime },
      "from/sub/large": { size: 5 << 20, mtime },
      "from/sub/empty": { directory: true },
    });
    const host = await scene.tree({ "plain/": { directory: true } });
    for (
      const [source, target, copy] of [
        ["from", `testhost:${host}/kept`, `${host}/kept`],
        [`testhost:${host}/kept`, `${there}\\back`, `${here}/back`],
        [`${there}\\back`, "local", `${here}/local`],
      ]
    ) {
      const { code, stderr } = await run(here, "-r", "-p", source, target);
      assertEquals({ code, stderr }, { code: 0, stderr: "" }, `${source} to ${target}`);
      assertEquals(await compareTrees(`${here}/from`, copy, { mtimes: "s", modes: false }), [], copy);
    }
    const plain = await run(here, "-r", `${there}\\from`, `testhost:${host}/plain`);
    assertEquals({ code: plain.code, stderr: plain.stderr }, { code: 0, stderr: "" });
    const modeOf = (path: string) => (Deno.statSync(`${host}/${path}`).mode! & 0o777).toString(8);
    assertEquals(["kept", "kept/sub", "plain/from"].map(modeOf), ["755", "755", "755"]);
    assertEquals(["kept/one file", "kept/sub/large", "plain/from/one file"].map(modeOf), ["644", "644", "644"]);
  });

  it("expands wildcards of its operands", async () => {
    const { here, there } = await write({ "a.txt": "1", "B.TXT": "2", "c.log": "3", "to/": { directory: true } });
    const host = await scene.tree({});
    const { code, stderr } = await run(here, `${there}\\*.txt`, `testhost:${host}`);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(listNames(host), ["B.TXT", "a.txt"]);
    assertEquals((await run(here, "?.*", "to")).code, 0);
    assertEquals(listNames(`${here}/to`), ["B.TXT", "a.txt", "c.log"]);
  });

  it("shows paths as they were typed, and refuses names of devices", async () => {
    const { here, there } = await write({ "a": "1", "to/": { directory: true } });
    const missing = await run(here, `${there}\\missing`, "to");
    assertStringIncludes(missing.stderr, `Cannot read "${there}\\missing": No such file or directory`);
    const device = await run(here, "a", "to\\NUL.txt");
    assertStringIncludes(device.stderr, 'Cannot create "to\\NUL.txt": Windows reserves that name for a device');
    assertEquals([missing.code, device.code, listNames(`${here}/to`)], [1, 1, []]);
  });

  it("refuses each name from a host that Windows does not allow, and copies the other files", async () => {
    const { here, there } = await write({ "x": "1" });
    const names = ["CON.txt", "a:b", "dot.", "space ", "q?", "back\\slash", "nul"];
    const host = await scene.tree({
      "from/good": "1",
      "from/directory./in it": "2",
      ...Object.fromEntries(names.map((name) => [`from/${name}`, "3"])),
    });
    const { code, stderr } = await run(here, "-r", `testhost:${host}/from`, "to");
    assertEquals(code, 1);
    for (const name of [...names, "directory."]) {
      assertStringIncludes(stderr, `Cannot create "${there}\\to\\${name}": Windows `);
    }
    assertEquals(listNames(`${here}/to`).filter((name) => !name.startsWith(".escp-")), ["good"]);
  });

  it("copies files whose paths have more than 260 characters in each direction, also to such a target", async () => {
    const long = Array.from({ length: 4 }, (_, index) => `${index}`.padEnd(90, "x")).join("/");
    const mtime = new Date("2020-02-02T02:02:02Z");
    const { here } = await write({
      [`from/${long}/small`]: { content: "1", mtime },
      [`from/${long}/large`]: { size: 2 << 20, mtime },
      [`from/${"d".repeat(255)}/${"f".repeat(255)}`]: { content: "2", mtime },
      [`to/${long}`]: { directory: true },
    });
    const host = await scene.tree({});
    const place = `to\\${long.replaceAll("/", "\\")}`;
    for (
      const [source, target, copy] of [
        ["from", `testhost:${host}/to`, `${host}/to`],
        [`testhost:${host}/to`, "back", `${here}/back`],
        ["back", `${place}\\new`, `${here}/to/${long}/new`],
        [`${place}\\new`, `testhost:${host}/again`, `${host}/again`],
      ]
    ) {
      const { code, stderr } = await run(here, "-r", "-p", source, target);
      assertEquals({ code, stderr }, { code: 0, stderr: "" }, `${source} to ${target}`);
      assertEquals(await compareTrees(`${here}/from`, copy, { mtimes: "s", modes: false }), [], copy);
    }
  });

  it("refuses a name that differs only in case from an existing one whose path has more than 260 characters", async () => {
    const long = "x".repeat(250);
    const { here } = await write({ [`to/${long}/README`]: "old", [`to/${long}/same`]: "old" });
    const host = await scene.tree({ [`to/${long}/readme`]: "new", [`to/${long}/same`]: "new" });
    const { code, stderr } = await run(here, "-r", `testhost:${host}/to`, ".");
    assertEquals(code, 1);
    assertStringIncludes(stderr, '"README" already exists and differs only in case');
    const read = (name: string) => Deno.readTextFileSync(`${here}/to/${long}/${name}`);
    assertEquals([read("README"), read("same")], ["old", "new"]);
  });

  it("explains how to install a missing ssh client", async () => {
    const { here } = await write({ "a": "1" });
    const { code, stderr } = await run(here, "-S", "no-such-ssh", "a", "testhost:");
    assertEquals(code, 255);
    assertStringIncludes(stderr, "hint: Install the OpenSSH client");
  });
});
