/** Failures of copies without ssh: the client of `escp --serve` gets the same reasons as over ssh. Real processes. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { alteredEscp, type EscpResult } from "../../support/escp/escp_command.ts";
import { lastEvent } from "../../support/escp/json_events.ts";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { listNames } from "../../support/files/list_names.ts";
import { mountSmallDisk, smallDiskProblem } from "../../support/files/small_disk.ts";
import { writeTree } from "../../support/files/temp_tree.ts";
import { startServing } from "../../support/hosts/serving.ts";

const MIB = 1 << 20;

/** Asserts that a copy failed with these texts on standard error, which does not name ssh. */
function assertFails({ code, stderr }: EscpResult, status: number, ...texts: string[]): void {
  assertEquals(code, status, stderr);
  for (const text of texts) assertStringIncludes(stderr, text);
  assert(!/\bssh\b/i.test(stderr), stderr);
}

const NO_DISK = smallDiskProblem === undefined ? "" : ` (skipped: ${smallDiskProblem})`;

describe(`a full disk of escp --serve${NO_DISK}`, { ignore: smallDiskProblem !== undefined }, () => {
  it("is named before anything is sent if the size is known", async () => {
    await using disk = await mountSmallDisk("size=8m");
    await using serving = await startServing({ root: disk.path });
    await writeTree(serving.work, { large: { size: 9 * MIB } });
    const result = await serving.run(["large", serving.url("large")]);
    assertFails(result, 1, `Cannot copy ${9 * MIB} bytes to "${disk.path}": only `, "bytes are free");
    assertStringIncludes(result.stderr, "hint: Free some space, or choose another target\n");
    assertEquals(listNames(disk.path), []);
  });

  it("is named when it fills up, and the same command resumes with more space", async () => {
    await using disk = await mountSmallDisk("size=60m");
    await using serving = await startServing({ root: disk.path });
    await writeTree(serving.work, { "tree/large": { size: 64 * MIB, seed: 1 }, "tree/small": "s" });
    await writeTree(disk.path, { "kept": "kept", "large": "old" });
    const copy = () => serving.run(["-r", "--json", "tree/.", serving.url()]);
    const full = await copy();
    assertFails(full, 1, `Cannot write "${disk.path}/large": No space left on device\n`);
    assertMatch(full.stderr, /^hint: Free some space, then run the same command again$/m);
    assertEquals(await Deno.readTextFile(`${disk.path}/large`), "old");
    await serving.server.waitForText("stderr", /push to ".*": incomplete, \d+ files?, \d+ bytes, 1 failed/);
    await disk.remount("size=160m");
    const { code, stdout, stderr } = await copy();
    assertEquals(code, 0, stderr);
    assert(lastEvent(stdout).resumed > 0);
    await Deno.remove(`${disk.path}/kept`);
    assertEquals(await compareTrees(`${serving.work}/tree`, disk.path), []);
  });

  it("that is read-only is named", async () => {
    await using disk = await mountSmallDisk("size=8m");
    await using serving = await startServing({ root: disk.path });
    await writeTree(serving.work, { file: "text" });
    await disk.remount("ro");
    const result = await serving.run(["file", serving.url("file")]);
    assertFails(result, 1, `Cannot write "${disk.path}/file": Read-only file system\n`);
    assertMatch(result.stderr, /^hint: The file system is mounted read-only: choose another target$/m);
  });
});

describe("a target that the key of the client may not write", () => {
  it("is refused with the reason if the key may only pull", async () => {
    await using serving = await startServing({ keyOptions: 'allow="pull"' });
    await writeTree(serving.work, { file: "text" });
    const result = await serving.run(["file", serving.url("file")]);
    assertFails(
      result,
      1,
      "the remote host does not allow copies to it\n",
      'hint: See --allow of escp --serve on that host, and the option "allow" before the key of this client\n',
    );
    await serving.server.waitForText("stderr", /aborted \(.*does not allow copies to it\), 0 files, 0 bytes/);
    assertEquals(listNames(serving.root), []);
  });

  it("is refused with the reason if it is outside of the directory of the key", async () => {
    await using serving = await startServing({ keyOptions: 'root="own"' });
    await writeTree(serving.root, { "own/file": "own", "other/file": "other" });
    await writeTree(serving.work, { file: "text" });
    const outside = await serving.run(["file", serving.url("../other/file")]);
    assertFails(outside, 1, `Cannot create "../other/file": that host allows only paths in "${serving.root}/own"\n`);
    const absolute = await serving.run(["file", serving.url(`${serving.root}/other/file`)]);
    assertFails(absolute, 1, "No such file or directory\n");
    assertEquals(await Deno.readTextFile(`${serving.root}/other/file`), "other");
  });
});

describe("an older escp --serve", () => {
  it("is named with the option that it does not support", async () => {
    await using serving = await startServing({ command: () => alteredEscp("without_features.ts") });
    await writeTree(serving.work, { file: "text" });
    const name = `escps://127.0.0.1:${serving.port}`;
    for (const option of ["--verify", "--chown=1:2", "--delete", "--fsync"]) {
      const result = await serving.run(["-r", option, ".", serving.url("to")]);
      const [flag] = option.split("=");
      assertFails(result, 1, `Cannot use ${flag}: escp `, ` on ${name} does not support it\n`);
    }
    assertEquals(listNames(serving.root), []);
    const plain = await serving.run(["file", serving.url("file")]);
    assertEquals(plain.code, 0, plain.stderr);
    assertEquals(await Deno.readTextFile(`${serving.root}/file`), "text");
  });

  it("with other versions of the protocol is named with what can be done", async () => {
    for (const version of [0, 7]) {
      await using serving = await startServing({ command: () => alteredEscp("other_versions.ts", `[${version}]`) });
      await writeTree(serving.work, { file: "text" });
      const result = await serving.run(["file", serving.url("file")]);
      assertFails(
        result,
        255,
        `Cannot use escp on escps://127.0.0.1:${serving.port}: `,
        `it supports protocol version ${version}, this escp supports 1\n`,
        "hint: Install the same version of escp on both machines\n",
      );
    }
  });

  it("with other versions of the protocol is named by a relay, too", async () => {
    await using source = await startServing();
    await using target = await startServing({ command: () => alteredEscp("other_versions.ts", "[7]") });
    const keys = ".config/escp/authorized_keys";
    await Deno.copyFile(`${source.serverHome}/${keys}`, `${target.serverHome}/${keys}`);
    await writeTree(source.root, { file: "text" });
    const result = await source.run([source.url("file"), target.url("file")]);
    assertFails(result, 255, `Cannot use escp on escps://127.0.0.1:${target.port}: `);
  });
});
