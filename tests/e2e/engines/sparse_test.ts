import { assert, assertEquals } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { compareFiles, compareTrees } from "../../support/files/compare_trees.ts";
import { runEscp } from "../../support/escp/escp_command.ts";
import { makeFifo } from "../../support/files/fifo.ts";
import { allocatedBytes, canHaveHoles } from "../../support/files/holes.ts";
import { lastEvent } from "../../support/escp/json_events.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";
import { describeWithScene, ENGINES, variantName, VARIANTS } from "../../support/scene.ts";
import type { TreeEntries } from "../../support/files/temp_tree.ts";

const MIB = 1 << 20;
const piece = randomBytes(100_000, "piece");
const TREE: TreeEntries = {
  "begin": { sparseSize: 6 * MIB, pieces: { [5 * MIB]: piece } },
  "middle": { sparseSize: 40 * MIB, pieces: { 0: piece, [39 * MIB]: piece } },
  "end": { sparseSize: 5 * MIB + 1, pieces: { 0: piece } },
  "all": { sparseSize: 9 * MIB },
  "none": { size: 3 * MIB + 5 },
  "odd": { sparseSize: 7 * MIB + 1, pieces: { [3 * MIB + 12_345]: piece } },
  "written": new Uint8Array(2 * MIB),
  "small/all": { sparseSize: MIB },
  "small/page": { sparseSize: 12_288, pieces: { 0: "first", 8192: "last" } },
  "small/text": "text",
  "small/empty": "",
};

describeWithScene("--sparse", { inProcess: true }, (scene) => {
  const holes = canHaveHoles();
  let from: string;
  beforeAll(async () => {
    from = await scene.tree(TREE);
  });

  /** Checks the size on disk of each file. Written zeros at the source become holes. */
  function checkAllocated(copy: string): void {
    for (const name of Object.keys(TREE)) {
      const expected = name === "written" ? 0 : allocatedBytes(`${from}/${name}`);
      // A file system may allocate metadata and more than a page at a time.
      assert(
        allocatedBytes(`${copy}/${name}`) <= expected + 64 * 1024,
        `${name}: ${allocatedBytes(`${copy}/${name}`)}`,
      );
    }
  }

  for (const variant of VARIANTS) {
    it(`preserves holes (${variantName(variant)})`, { ignore: !holes }, async () => {
      // The replaced files have no holes.
      const to = await scene.tree({ "all": { size: 9 * MIB }, "small/all": { size: MIB } });
      const { code, stderr } = await scene.copy(variant, {
        flags: ["-r", "--sparse"],
        sources: [`${from}/.`],
        target: to,
      });
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertEquals(await compareTrees(from, to), []);
      checkAllocated(to);
    });
  }

  for (const engine of ENGINES) {
    it(`preserves holes between two remote hosts (${engine})`, { ignore: !holes }, async () => {
      const to = await scene.tree();
      const { code, stderr } = await runEscp([
        ...[...scene.sshd.sshOptions, "-D", `${scene.sshd.binDirectory}/${engine}/escp`],
        ...["-a", `testhost:${from}`, `testhost2:${to}/new`],
      ]);
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertEquals(await compareTrees(from, `${to}/new`), []);
      checkAllocated(`${to}/new`);
    });

    it(`writes zeros to a pipe and to standard output (${engine})`, async () => {
      const to = await scene.tree();
      makeFifo(`${to}/fifo`);
      for (const name of ["middle", "small/page", "odd"]) {
        const expected = await Deno.readFile(`${from}/${name}`);
        const reader = new Deno.Command("cat", { args: [`${to}/fifo`], stdout: "piped" }).spawn().output();
        const variant = { direction: "push", engine, streams: 4 } as const;
        // The reader may be slow to open the pipe, which makes a note.
        const sent = await scene.copy(variant, {
          flags: ["--sparse", "-q"],
          sources: [`${from}/${name}`],
          target: `${to}/fifo`,
        });
        assertEquals({ code: sent.code, stderr: sent.stderr }, { code: 0, stderr: "" });
        assertEquals((await reader).stdout, expected, name);
        const fetched = await scene.copy({ ...variant, direction: "pull" }, {
          flags: ["--sparse"],
          sources: [`${from}/${name}`],
          target: "-",
        });
        assertEquals({ code: fetched.code, stderr: fetched.stderr }, { code: 0, stderr: "" });
        assertEquals(fetched.stdoutBytes, expected, name);
      }
    });

    it(`turns zeros of a pipe into holes, also at the end (${engine})`, { ignore: !holes }, async () => {
      const to = await scene.tree();
      const bytes = new Uint8Array(5 * MIB + 3);
      bytes.set(piece, MIB);
      const { code, stderr } = await scene.copy({ direction: "push", engine, streams: 1 }, {
        flags: ["--sparse"],
        sources: ["-"],
        target: `${to}/f`,
        stdin: bytes,
      });
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertEquals(await Deno.readFile(`${to}/f`), bytes);
      assert(allocatedBytes(`${to}/f`) < MIB);
    });
  }

  it("is not the default: holes become zeros", { ignore: !holes }, async () => {
    const to = await scene.tree();
    const { code } = await runEscp(["-r", `${from}/.`, to]);
    assertEquals(code, 0);
    assertEquals(await compareTrees(from, to), []);
    assert(allocatedBytes(`${to}/all`) >= 9 * MIB);
    assert(allocatedBytes(`${to}/small/all`) >= MIB);
  });

  it("skips holes quickly in a file of 256 GiB", { ignore: !holes || !ENGINES.includes("native") }, async () => {
    const size = 256 * 1024 * MIB;
    const pieces = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [index * 5003 * MIB + 4096, piece]));
    const huge = await scene.tree({ "huge": { sparseSize: size, pieces } });
    for (const direction of ["push", "local"] as const) {
      const target = `${huge}/copy-${direction}`;
      const { code, stdout } = await scene.copy({ direction, engine: "native", streams: 4 }, {
        flags: ["--sparse", "--json"],
        sources: [`${huge}/huge`],
        target,
        // Reading and writing all of the file would take minutes.
        timeoutMs: 60_000,
      });
      assertEquals(code, 0);
      const { bytes, failed } = lastEvent(stdout);
      assertEquals({ bytes, failed }, { bytes: size, failed: 0 });
      assertEquals((await Deno.stat(target)).size, size);
      assert(allocatedBytes(target) <= allocatedBytes(`${huge}/huge`) + 50 * 64 * 1024);
      using file = await Deno.open(target);
      const found = new Uint8Array(piece.length);
      for (const offset of Object.keys(pieces)) {
        file.seekSync(Number(offset), Deno.SeekMode.Start);
        for (let at = 0; at < found.length;) at += file.readSync(found.subarray(at))!;
        assertEquals(found, piece, offset);
      }
    }
  });

  it("tolerates holes that are filled during the copy", { ignore: !holes }, async () => {
    for (const engine of ENGINES) {
      const tree = await scene.tree({ "f": { sparseSize: 30 * MIB, pieces: { 0: randomBytes(4 * MIB, 1) } } });
      await using running = await scene.start({ direction: "local", engine, streams: 1 }, {
        // 4 MiB at 2 MB/s.
        flags: ["--sparse", "--json", "-l", "16000"],
        sources: [`${tree}/f`],
        target: `${tree}/copy`,
      });
      await running.waitForText("stdout", /"connected"/);
      {
        using file = await Deno.open(`${tree}/f`, { write: true });
        await file.seek(20 * MIB, Deno.SeekMode.Start);
        await file.write(piece);
      }
      const { code, stdout } = await running.result;
      assertEquals(code, 0, stdout);
      assertEquals((await Deno.stat(`${tree}/copy`)).size, 30 * MIB);
      const same = compareFiles(`${tree}/f`, `${tree}/copy`) === undefined;
      assert(same || stdout.includes("changed while it was copied"), stdout);
    }
  });
});
