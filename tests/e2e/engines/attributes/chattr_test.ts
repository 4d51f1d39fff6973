import { assertEquals, assertMatch } from "@std/assert";
import { it } from "@std/testing/bdd";
import { chattrProblem, protect } from "../../../support/files/chattr.ts";
import { listNames } from "../../../support/files/list_names.ts";
import { describeWithScene, variantName, VARIANTS } from "../../../support/scene.ts";

/** Protected paths, their attributes, and the reasons in the messages. */
const CASES = [
  { name: "an immutable file", attribute: "i", place: "to/f", reason: /the file is immutable \(chattr \+i\)/ },
  { name: "an append-only file", attribute: "a", place: "to/f", reason: /the file is append-only \(chattr \+a\)/ },
  { name: "an immutable directory", attribute: "i", place: "none", reason: /directory is immutable \(chattr \+i\)/ },
  {
    name: "an append-only directory",
    attribute: "a",
    place: "none",
    reason: /directory is append-only \(chattr \+a\)/,
  },
] as const;

const why = chattrProblem === undefined ? "" : ` (skipped: ${chattrProblem})`;

describeWithScene(
  `a target that chattr protects${why}`,
  { inProcess: true, ignore: chattrProblem !== undefined },
  (scene) => {
    for (const variant of VARIANTS) {
      it(`is named with its attribute (${variantName(variant)})`, async () => {
        for (const { name, attribute, place, reason } of CASES) {
          for (const size of [3, 3 << 20]) {
            const tree = await scene.tree({ "f": { size }, "to/f": "old", "none": { directory: true } });
            using _ = protect(`${tree}/${place}`, attribute);
            const { code, stderr } = await scene.copy(variant, {
              sources: [`${tree}/f`],
              target: `${tree}/${place.split("/")[0]}`,
            });
            assertEquals(code, 1, `${name}: ${stderr}`);
            assertMatch(stderr, /^escp: Cannot write ".*\/f": Operation not permitted: /m, name);
            assertMatch(stderr, reason, name);
            assertMatch(stderr, new RegExp(`^hint: As root, run: chattr -${attribute} `, "m"), name);
            assertEquals(Deno.readTextFileSync(`${tree}/to/f`), "old", name);
            assertEquals(listNames(`${tree}/none`), [], name);
          }
        }
      });
    }
  },
);
