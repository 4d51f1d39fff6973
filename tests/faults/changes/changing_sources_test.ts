import { assert, assertEquals, assertMatch } from "@std/assert";
import { equals } from "../../../src/bytes.ts";
import { it } from "@std/testing/bdd";
import { failingDiskProblem } from "../../support/files/failing_disk.ts";
import { describeWithScene, variantName, VARIANTS } from "../../support/scene.ts";
import { type Change, copyChanging, FILES, isShared, lineOf } from "./changing_source.ts";

const why = failingDiskProblem === undefined ? "" : ` (skipped: ${failingDiskProblem})`;

describeWithScene(
  `a source that changes while it is copied${why}`,
  { ignore: failingDiskProblem !== undefined },
  (scene) => {
    for (const variant of VARIANTS) {
      for (const [kind, size] of FILES) {
        const copied = (changes: Change[], ...flags: string[]) =>
          copyChanging(scene, variant, { size, changes, flags });

        it(`is noted if it is rewritten and its mtime restored: a ${kind} file (${variantName(variant)})`, async () => {
          const { result, notes } = await copied([["rewrite", 0.5]]);
          assertEquals([result.code, result.stderr], [0, ""]);
          assertEquals(notes.length, 1, result.stdout);
          assertMatch(notes[0], /^".*\/f" (changed|may have changed) while it was copied$/);
        });

        it(`is copied without a note if only its mode changes: a ${kind} file (${variantName(variant)})`, async () => {
          const { result, before, target, notes } = await copied([["chmod", 0.5]]);
          assertEquals([result.code, result.stderr], [0, ""]);
          if (isShared(variant, kind)) assertMatch(notes[0], /^".*\/f" may have changed while it was copied$/);
          else assertEquals(notes, []);
          assert(target && equals(target, before));
        });

        it(`is listed if only its mode changes: a ${kind} file (${variantName(variant)})`, async () => {
          const { result, before, notes, manifest } = await copied([["chmod", 0.5]], "--manifest");
          assertEquals([result.code, result.stderr, notes], [0, "", []]);
          assertEquals(manifest, await lineOf(before));
        });

        it(`is listed with the digest of the bytes received if it grows: a ${kind} file (${variantName(variant)})`, async () => {
          const { result, before, target, manifest } = await copied([["append", 0.5]], "--manifest");
          assertEquals([result.code, result.stderr], [0, ""], result.stdout);
          assert(target && equals(target, before));
          assertEquals(manifest, await lineOf(before));
        });

        it(`is never listed with the digest of other bytes: a ${kind} file (${variantName(variant)})`, async () => {
          for (const after of [0.5, 1.5]) {
            const { result, target, manifest } = await copied([["rewrite", after]], "--manifest");
            if (result.code === 0) assertEquals(manifest, await lineOf(target!), `after ${after}`);
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
  },
);
