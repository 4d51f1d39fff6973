import { assert, assertEquals, assertMatch } from "@std/assert";
import { equals } from "../../../src/bytes.ts";
import { it } from "@std/testing/bdd";
import { runEscp } from "../../support/escp/escp_command.ts";
import { failingDiskProblem, mountFailingDisk } from "../../support/files/failing_disk.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";
import { describeWithScene, ENGINES, variantName, VARIANTS } from "../../support/scene.ts";
import { type Change, copyChanging, FILES, isShared, lineOf, notesOf } from "./changing_source.ts";

const why = failingDiskProblem === undefined ? "" : ` (skipped: ${failingDiskProblem})`;
/** Two changes in each pass of a reader. */
const CONSTANTLY = Array.from({ length: 30 }, (_, index): Change => ["rewrite", index * 0.5]);

describeWithScene(
  `a source that changes before --verify${why}`,
  { ignore: failingDiskProblem !== undefined },
  (scene) => {
    for (const variant of VARIANTS) {
      for (const [kind, size] of FILES) {
        const verified = (changes: Change[], ...flags: string[]) =>
          copyChanging(scene, variant, { size, changes, flags: ["--verify", ...flags] });

        it(`is verified up to the size sent if it grows: a ${kind} file (${variantName(variant)})`, async () => {
          const { result, before, target } = await verified([["append", 0.5]]);
          assertEquals([result.code, result.stderr], [0, ""], result.stdout);
          assert(target && equals(target, before));
        });

        it(`is sent again if it was rewritten: a ${kind} file (${variantName(variant)})`, async () => {
          const { result, notes, source, target } = await verified([["rewrite", 1]]);
          assertEquals([result.code, result.stderr], [0, ""], result.stdout);
          assertEquals(notes.length, 1, result.stdout);
          assertMatch(notes[0], /^"f" changed after it was sent: sending it again$/);
          assert(target && equals(target, source));
        });

        it(`fails as a source that changed, not as a damaged target: a ${kind} file (${variantName(variant)})`, async () => {
          const { result } = await verified([["rewrite", 1], ["rewrite", 3]]);
          assertEquals(result.code, 1, result.stdout);
          assertMatch(result.stderr, /^escp: Cannot verify "f": the source changed while it was copied$/m);
          assertMatch(result.stderr, /^hint: Copy it again when nothing writes to it$/m);
          assert(!result.stderr.includes("SHA-256"), result.stderr);
        });

        it(
          `fails as a misread source if no change is visible: a ${kind} file (${variantName(variant)})`,
          // The first reads of a shared file are not checked.
          { ignore: isShared(variant, kind) },
          async () => {
            const { result, notes } = await verified([["damage", 1], ["damage", 3]]);
            assertEquals(notes.length, 1, result.stdout);
            assertMatch(notes[0], /^"f" does not read as it was sent, but its size and times are unchanged: sending/);
            assertEquals(result.code, 1, result.stdout);
            assertMatch(
              result.stderr,
              /^escp: Cannot verify "f": the source does not read as it was sent, but its size/m,
            );
            assertMatch(result.stderr, /^hint: Test the disk and the RAM of the source host$/m);
          },
        );

        it(`is listed with the contents that were sent again: a ${kind} file (${variantName(variant)})`, async () => {
          for (const after of [0.5, 1.5, 2.5]) {
            const { result, source, target, manifest } = await verified([["rewrite", after]], "--manifest");
            assertEquals([result.code, result.stderr], [0, ""], `after ${after}`);
            assert(target && equals(target, source), `after ${after}`);
            assertEquals(manifest, await lineOf(source), `after ${after}`);
          }
        });

        it(`is not listed if it changes constantly: a ${kind} file (${variantName(variant)})`, async () => {
          const { result, manifest } = await verified(CONSTANTLY, "--manifest");
          assertEquals([result.code, manifest], [1, ""], result.stdout);
          assertMatch(result.stderr, /^escp: Cannot verify "f": the source changed while it was copied$/m);
        });
      }
    }

    for (const engine of ENGINES) {
      it(`is reported as a changed source between two remote hosts (${engine})`, async () => {
        for (const [, size] of FILES) {
          const changes = CONSTANTLY.map(([kind, after]) => ({
            name: "f",
            kind,
            after: Math.floor(after * size) + 1,
          }));
          await using disk = await mountFailingDisk({ changes });
          await Deno.writeFile(`${disk.path}/f`, randomBytes(size, 1));
          const to = await scene.tree();
          const escp = `${scene.sshd.binDirectory}/${engine}/escp`;
          const flags = [...scene.sshd.sshOptions, "-3", "-D", escp, "--verify", "--json"];
          const result = await runEscp([...flags, "--", `testhost:${disk.path}/f`, `testhost:${to}`]);
          assertEquals(result.code, 1, result.stdout);
          assertMatch(result.stderr, /^escp: Cannot verify "testhost:f": the source changed while it was copied$/m);
          assert(notesOf(result).includes('"f" changed after it was sent: sending it again'), result.stdout);
        }
      });
    }
  },
);
