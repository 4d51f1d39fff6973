import { assert, assertEquals, assertMatch } from "@std/assert";
import { afterAll, beforeAll, it } from "@std/testing/bdd";
import { type Copy, type Scene, startScene, type Way, wayName, WAYS } from "../e2e/scene.ts";
import type { EscpResult } from "../support/escp_command.ts";
import { type DiskChange, failingDiskProblem, mountFailingDisk } from "../support/failing_disk.ts";
import { describeWithSshd } from "../support/needs_sshd.ts";
import { randomBytes } from "../support/random_bytes.ts";

const why = failingDiskProblem === undefined ? "" : ` (skipped: ${failingDiskProblem})`;
/** A small file travels in a pack, a large one in ranges. The disk is read in pieces of 128 KiB at most. */
const FILES = [["small", 700_001], ["large", (3 << 20) + 1]] as const;

/** What came of a copy of one file whose disk changed it. */
interface Changed {
  result: EscpResult;
  /** The file as it was at first. */
  before: Uint8Array;
  /** The source and the target as they are now; no target when there is none. */
  source: Uint8Array;
  target: Uint8Array | undefined;
  /** Messages of notes. */
  notes: string[];
  manifest: string;
}

describeWithSshd(`a source that changes while it is copied${why}`, { ignore: failingDiskProblem !== undefined }, () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await startScene();
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  /** Copies a file of a disk that changes it as it is read; what is due when tells a multiple of its size. */
  async function copied(
    way: Way,
    size: number,
    changes: readonly [how: DiskChange["how"], after: number][],
    flags: string[] = [],
  ): Promise<Changed> {
    await using disk = await mountFailingDisk({
      changes: changes.map(([how, times]) => ({ name: "f", how, after: Math.floor(times * size) + 1 })),
    });
    const before = randomBytes(size, 1);
    await Deno.writeFile(`${disk.path}/f`, before);
    const to = await scene.tree();
    const manifest = `${await scene.tree()}/sums`;
    const copy: Copy = { flags: ["--json", ...flags], sources: [`${disk.path}/f`], target: to };
    if (flags.includes("--manifest")) copy.flags!.splice(copy.flags!.indexOf("--manifest") + 1, 0, manifest);
    const result = await scene.copy(way, copy);
    await disk.repair();
    const events = result.stdout.trim().split("\n").map((line) => JSON.parse(line));
    return {
      result,
      before,
      source: await Deno.readFile(`${disk.path}/f`),
      target: await Deno.readFile(`${to}/f`).catch(() => undefined),
      notes: events.filter(({ event }) => event === "note").map(({ message }) => message),
      manifest: await Deno.readTextFile(manifest).catch(() => ""),
    };
  }

  for (const way of WAYS) {
    for (const [kind, size] of FILES) {
      it(`is noted when it is rewritten and its mtime is set back: a ${kind} file (${wayName(way)})`, async () => {
        const { result, notes } = await copied(way, size, [["rewrite", 0.5]]);
        assertEquals([result.code, result.stderr], [0, ""]);
        assertEquals(notes.length, 1, result.stdout);
        assertMatch(notes[0], /^".*\/f" (changed|may have changed) while it was copied$/);
      });

      it(`is copied without a note when only its mode changes: a ${kind} file (${wayName(way)})`, async () => {
        const { result, before, target, notes } = await copied(way, size, [["chmod", 0.5]]);
        assertEquals([result.code, result.stderr], [0, ""]);
        // Nobody has a checksum of what the system copies from file to file.
        const isLent = way.direction === "local" && way.engine === "native" && kind === "large";
        if (isLent) assertMatch(notes[0], /^".*\/f" may have changed while it was copied$/);
        else assertEquals(notes, []);
        assert(isSame(target, before));
      });

      it(`is verified up to the size that was sent when it grows: a ${kind} file (${wayName(way)})`, async () => {
        const { result, before, target } = await copied(way, size, [["append", 0.5]], ["--verify"]);
        assertEquals([result.code, result.stderr], [0, ""], result.stdout);
        assert(isSame(target, before));
      });

      it(`is sent again by --verify when it was rewritten: a ${kind} file (${wayName(way)})`, async () => {
        const { result, notes, source, target } = await copied(way, size, [["rewrite", 1]], ["--verify"]);
        assertEquals([result.code, result.stderr], [0, ""], result.stdout);
        assertEquals(notes.length, 1, result.stdout);
        assertMatch(notes[0], /^"f" changed after it was sent: sending it again$/);
        assert(isSame(target, source));
      });

      it(`fails with --verify as a changed source, not as a damaged target: a ${kind} file (${wayName(way)})`, async () => {
        const { result } = await copied(way, size, [["rewrite", 1], ["rewrite", 3]], ["--verify"]);
        assertEquals(result.code, 1, result.stdout);
        assertMatch(result.stderr, /^escp: Cannot verify "f": the source changed while it was copied$/m);
        assertMatch(result.stderr, /^hint: Copy it again when nothing writes to it$/m);
        assert(!result.stderr.includes("SHA-256"), result.stderr);
      });

      const isLent = way.direction === "local" && way.engine === "native" && kind === "large";
      it(
        `fails with --verify as a source that is misread, when nothing changed it: a ${kind} file (${wayName(way)})`,
        // What the system copies nobody has read before.
        { ignore: isLent },
        async () => {
          const { result, notes } = await copied(way, size, [["damage", 1], ["damage", 3]], ["--verify"]);
          assertEquals(notes.length, 1, result.stdout);
          assertMatch(
            notes[0],
            /^"f" is not read as it was sent, though its size and times are the same: sending it again$/,
          );
          assertEquals(result.code, 1, result.stdout);
          assertMatch(
            result.stderr,
            /^escp: Cannot verify "f": the source is not read as it was sent, though its size/m,
          );
          assertMatch(result.stderr, /^hint: Test the disk and the RAM of the source host$/m);
        },
      );

      it(`is listed when only its mode changes: a ${kind} file (${wayName(way)})`, async () => {
        const { result, before, notes, manifest } = await copied(way, size, [["chmod", 0.5]], ["--manifest"]);
        assertEquals([result.code, result.stderr, notes], [0, "", []]);
        assertEquals(manifest, `${await sha256(before)}  f\n`);
      });

      it(`is listed as it is after --verify has sent it again: a ${kind} file (${wayName(way)})`, async () => {
        for (const after of [0.5, 1, 1.5, 2, 2.5]) {
          const flags = ["--verify", "--manifest"];
          const { result, source, target, manifest } = await copied(way, size, [["rewrite", after]], flags);
          assertEquals([result.code, result.stderr], [0, ""], `after ${after}`);
          assert(isSame(target, source), `after ${after}`);
          assertEquals(manifest, `${await sha256(source)}  f\n`, `after ${after}`);
        }
      });

      it(`is listed with the digest of the bytes that arrived when it grows: a ${kind} file (${wayName(way)})`, async () => {
        const { result, before, target, manifest } = await copied(way, size, [["append", 0.5]], ["--manifest"]);
        assertEquals([result.code, result.stderr], [0, ""], result.stdout);
        assert(isSame(target, before));
        assertEquals(manifest, `${await sha256(before)}  f\n`);
      });

      it(`is never listed with the digest of other bytes: a ${kind} file (${wayName(way)})`, async () => {
        for (const after of [0.5, 1, 1.5, 2]) {
          const { result, target, manifest } = await copied(way, size, [["rewrite", after]], ["--manifest"]);
          if (result.code === 0) assertEquals(manifest, `${await sha256(target!)}  f\n`, `after ${after}`);
          else {
            assertEquals([result.code, manifest], [1, ""]);
            assertMatch(
              result.stderr,
              /^escp: Cannot list the digest of ".*f": the source changed while it was copied$/m,
            );
          }
        }
      });
    }
  }
});

/** Without the difference of megabytes in words. */
function isSame(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one?.length === other.length && one.every((byte, index) => byte === other[index]);
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
