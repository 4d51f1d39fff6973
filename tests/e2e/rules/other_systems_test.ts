/** The client with the rules and the missing functions of Windows and macOS, on the disk of this machine. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { it } from "@std/testing/bdd";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { alteredEscp, runEscp } from "../../support/escp/escp_command.ts";
import { listNames } from "../../support/files/list_names.ts";
import { describeWithScene } from "../../support/scene.ts";

describeWithScene("escp on a simulated system", (scene) => {
  const run = (system: string, args: string[]) =>
    runEscp([...scene.sshd.sshOptions, ...args], {
      command: alteredEscp("other_system.ts"),
      env: { ESCP_TEST_SYSTEM: system, ESCP_ENGINE: "auto" },
    });

  for (const system of ["windows", "darwin"]) {
    it(`copies to a host, back, and locally, with all attributes of ${system}`, async () => {
      const tree = await scene.tree({
        "from/one file": { content: "1", mtime: new Date("2020-02-02T02:02:02Z") },
        "from/directory/large": { size: 5 << 20 },
        "from/directory/empty": { directory: true },
        "from/link": { link: "one file" },
        "there/": { directory: true },
      });
      const from = `${tree}/from`;
      const [there, back, here] = ["there/copy", "back", "here"].map((name) => `${tree}/${name}`);
      for (const [source, target] of [[from, `testhost:${there}`], [`testhost:${there}`, back], [back, here]]) {
        const { code, stderr } = await run(system, ["-r", "-p", "--symlinks=preserve", source, target]);
        assertEquals({ code, stderr }, { code: 0, stderr: "" }, `${source} to ${target}`);
      }
      for (const copy of [there, back, here]) assertEquals(await compareTrees(from, copy, { mtimes: "s" }), [], copy);
      const again = await run(system, ["-r", "-u", "--json", from, `testhost:${tree}/there/copy/..`]);
      assertEquals(again.code, 0, again.stderr);
      assertEquals(await Deno.readTextFile(`${there}/../from/one file`), "1");
    });
  }

  for (const flags of [["-r"], ["-r", "-p"]]) {
    it(`copies directories and files with usable permissions from Windows: ${flags.join(" ")}`, async () => {
      const tree = await scene.tree({
        "from/directory/small": "1",
        "from/directory/large": { size: 5 << 20 },
        "to/": { directory: true },
      });
      const { code, stderr } = await run("windows", [...flags, `${tree}/from`, `testhost:${tree}/to`]);
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      // The server's umask is 022.
      const modeOf = (path: string) => (Deno.statSync(`${tree}/to/from/${path}`).mode! & 0o7777).toString(8);
      assertEquals([modeOf(""), modeOf("directory")], ["755", "755"]);
      assertEquals([modeOf("directory/small"), modeOf("directory/large")], ["644", "644"]);
    });
  }

  it("explains how to install a missing ssh client on Windows", async () => {
    const tree = await scene.tree({ "file": "1" });
    const { code, stderr } = await run("windows", ["-S", "/no/such/ssh", `${tree}/file`, "testhost:"]);
    assertEquals(code, 255);
    assertStringIncludes(stderr, "escp: Cannot start /no/such/ssh: it is not installed\n");
    assertStringIncludes(stderr, "hint: Install the OpenSSH client (Settings, System, Optional features), or choose");
  });

  it("refuses a device of Windows as a source and as a target", async () => {
    const tree = await scene.tree({ "file": "1" });
    const reason = "Windows reserves that name for a device\nhint: Choose another name\n";
    const source = await run("windows", [`${tree}/NUL`, `testhost:${tree}/to`]);
    assertEquals([source.code, source.stderr], [1, `escp: Cannot read "${tree}/NUL": ${reason}`]);
    const target = await run("windows", [`testhost:${tree}/file`, `${tree}/con.txt`]);
    assertEquals([target.code, target.stderr], [1, `escp: Cannot create "${tree}/con.txt": ${reason}`]);
    assertEquals(namesIn(tree), ["file"]);
  });

  it("expands wildcards of local sources on Windows", async () => {
    const tree = await scene.tree({ "from/one.txt": "1", "from/TWO.TXT": "2", "from/[x].txt": "3", "from/no": "4" });
    Deno.mkdirSync(`${tree}/to`);
    const { code, stderr } = await run("windows", [`${tree}/from/*.txt`, `testhost:${tree}/to`]);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(namesIn(`${tree}/to`), ["TWO.TXT", "[x].txt", "one.txt"]);
  });

  it("reports names that Windows does not allow, and stays in the target", async () => {
    const tree = await scene.tree({
      "from/good": "1",
      "from/..\\evil": "2",
      "from/C:x": "2",
      "from/good:stream": "2",
      "from/NUL.txt": "2",
      "from/dot.": { directory: true },
      "from/dot./in it": "2",
      "from/a\\..\\..\\b": { size: 5 << 20 },
      "to/kept": "0",
    });
    const { code, stderr } = await run("windows", ["-r", `testhost:${tree}/from`, `${tree}/to`]);
    assertEquals(code, 1);
    for (const name of ["C:x", "good:stream", "NUL.txt", "dot."]) assertStringIncludes(stderr, `/to/from/${name}`);
    assertMatch(stderr, /Windows does not allow ":" in names/);
    assertMatch(stderr, /Windows reserves that name for a device/);
    assertEquals(Deno.readTextFileSync(`${tree}/to/from/good`), "1");
    assertEquals(namesIn(`${tree}/to/from`), ["good"]);
    assertEquals(namesIn(`${tree}/to`), ["from", "kept"]);
    // With a pattern the host selects the names.
    const files = await run("windows", [`testhost:${tree}/from/*o*`, `testhost:${tree}/from/*evil`, `${tree}/to`]);
    assertEquals(files.code, 1);
    assertEquals(namesIn(`${tree}/to`), ["from", "good", "kept"]);
    const directory = await run("windows", ["-r", `testhost:${tree}/from/*.`, `${tree}/to`]);
    assertEquals(directory.code, 1);
    assertMatch(directory.stderr, /end in a dot/);
    assertEquals(namesIn(`${tree}/to`), ["from", "good", "kept"]);
  });
});

/** Returns the names in a directory without the mark and log of an unfinished copy. */
function namesIn(directory: string): string[] {
  return listNames(directory).filter((name) => !/^\.escp-.*\.(?:unfinished|run)$/.test(name));
}
