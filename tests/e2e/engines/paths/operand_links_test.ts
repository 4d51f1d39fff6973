import { assertEquals, assertMatch } from "@std/assert";
import { it } from "@std/testing/bdd";
import { describeWithScene, variantName, VARIANTS } from "../../../support/scene.ts";

const LARGE = 3 << 20;

describeWithScene("a file with names in several operands", { inProcess: true }, (scene) => {
  for (const variant of VARIANTS) {
    it(`is copied once with -a, and linked (${variantName(variant)})`, async () => {
      const tree = await scene.tree({
        "a": "small",
        "b": { hardLink: "a" },
        "one/c": { hardLink: "a" },
        "one/large": { size: LARGE },
        "two/sub/large": { hardLink: "one/large" },
        "two/d": { hardLink: "a" },
        "large": { hardLink: "one/large" },
        "to": { directory: true },
      });
      const sources = ["a", "b", "one", "two", "large"].map((name) => `${tree}/${name}`);
      for (const flags of [["-a"], ["-a", "-n"], ["-a", "-u"], ["-a", "--checksum"]]) {
        const { code, stderr } = await scene.copy(variant, { flags, sources, target: `${tree}/to` });
        assertEquals([code, stderr], [0, ""], flags.join(" "));
        const inodes = (names: string[]) => names.map((name) => Deno.statSync(`${tree}/to/${name}`).ino);
        assertEquals(new Set(inodes(["a", "b", "one/c", "two/d"])).size, 1, "small");
        assertEquals(new Set(inodes(["large", "one/large", "two/sub/large"])).size, 1, "large");
        assertEquals(Deno.readTextFileSync(`${tree}/to/two/d`), "small");
        assertEquals(Deno.statSync(`${tree}/to/large`).size, LARGE);
      }
    });
  }

  it("is listed in a manifest under each name", async () => {
    for (const variant of VARIANTS) {
      const tree = await scene.tree({ "a": "small", "b": { hardLink: "a" }, "to": { directory: true } });
      const { code, stderr } = await scene.copy(variant, {
        flags: ["-a", "--manifest", `${tree}/sums`],
        sources: [`${tree}/a`, `${tree}/b`],
        target: `${tree}/to`,
      });
      assertEquals([code, stderr], [0, ""]);
      assertMatch(Deno.readTextFileSync(`${tree}/sums`), /^([0-9a-f]{64}) {2}a\n\1 {2}b\n$/);
    }
  });
});

describeWithScene("a dangling symbolic link as the target", { inProcess: true }, (scene) => {
  for (const variant of VARIANTS) {
    it(`is written through (${variantName(variant)})`, async () => {
      for (const size of [5, LARGE]) {
        const tree = await scene.tree({
          "f": { size },
          "to/link": { link: "second" },
          "to/second": { link: "../out/new" },
          "out": { directory: true },
        });
        const { code, stderr } = await scene.copy(variant, { sources: [`${tree}/f`], target: `${tree}/to/link` });
        assertEquals([code, stderr], [0, ""]);
        assertEquals(Deno.readLinkSync(`${tree}/to/link`), "second");
        assertEquals(Deno.statSync(`${tree}/out/new`).size, size);
      }
    });

    it(`is refused if it leads nowhere (${variantName(variant)})`, async () => {
      const tree = await scene.tree({ "f": "f", "to/loop": { link: "loop" }, "to/lost": { link: "none/new" } });
      for (const name of ["loop", "lost"]) {
        const { code, stderr } = await scene.copy(variant, { sources: [`${tree}/f`], target: `${tree}/to/${name}` });
        assertEquals(code, 1);
        assertMatch(stderr, /^escp: Cannot (create|examine) ".*": (No such file|Too many levels)/m);
      }
    });
  }
});
