import { assert, assertEquals } from "@std/assert";
import { afterAll, beforeAll, it } from "@std/testing/bdd";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { listNames } from "../../support/files/list_names.ts";
import { describeWithScene, variantName, VARIANTS, wrapEscp } from "../../support/scene.ts";
import type { TreeEntries } from "../../support/files/temp_tree.ts";

const isRoot = Deno.build.os !== "windows" && Deno.uid() === 0;
/** Pushes and pulls. */
const REMOTE = VARIANTS.filter(({ direction }) => direction !== "local");

function shell(script: string, cwd: string): void {
  const { success, stderr } = new Deno.Command("sh", { args: ["-ec", script], cwd }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

describeWithScene("a copy of all kinds of files", { inProcess: true }, (scene) => {
  for (const variant of REMOTE) {
    it(`skips FIFOs, sockets and devices with a note each, and never opens them: ${variantName(variant)}`, async () => {
      const tree = await scene.tree({ "from/f": "x", "from/d/g": "y" });
      shell(`mkfifo pipe d/pipe${isRoot ? "; mknod null c 1 3; mknod block b 7 99" : ""}`, `${tree}/from`);
      using listener = Deno.listen({ transport: "unix", path: `${tree}/from/socket` });
      const { code, stderr } = await scene.copy(variant, {
        flags: ["-r"],
        sources: [`${tree}/from`],
        target: `${tree}/to`,
      });
      assertEquals(code, 0, stderr);
      const notes = stderr.split("\n").filter((line) => line.includes("skipped")).sort();
      const skipped = ["d/pipe", "pipe", "socket", ...(isRoot ? ["block", "null"] : [])].sort();
      assertEquals(notes.length, skipped.length, stderr);
      for (const name of skipped) assert(notes.some((line) => line.includes(`/from/${name}"`)), `${name}: ${stderr}`);
      assertEquals(Deno.readTextFileSync(`${tree}/to/d/g`), "y");
      assertEquals(listNames(`${tree}/to`), ["d", "f"]);
      assertEquals(listener.addr.transport, "unix");
    });

    it(`follows or preserves links, and reports a dangling or circular link as a failure: ${variantName(variant)}`, async () => {
      const tree = await scene.tree({
        "from/f": "x",
        "from/d/g": "y",
        "from/to-file": { link: "f" },
        "from/to-directory": { link: "d" },
        "from/dangling": { link: "nothing" },
        "from/circle": { link: "circle" },
        "from/d/up": { link: ".." },
      });
      const follow = await scene.copy(variant, { flags: ["-r"], sources: [`${tree}/from`], target: `${tree}/to` });
      const failures = follow.stderr.split("\n").filter((line) => line.startsWith("escp: Cannot"));
      assertEquals(follow.code, 1, follow.stderr);
      for (const name of ["dangling", "circle", "d/up"]) {
        assert(failures.some((line) => line.includes(`/from/${name}"`)), `${name}: ${follow.stderr}`);
      }
      assertEquals(Deno.readTextFileSync(`${tree}/to/to-file`), "x");
      assertEquals(Deno.readTextFileSync(`${tree}/to/to-directory/g`), "y");
      assert(Deno.lstatSync(`${tree}/to/to-directory`).isDirectory);
      const flags = ["-r", "--symlinks=preserve"];
      const kept = await scene.copy(variant, { flags, sources: [`${tree}/from`], target: `${tree}/kept` });
      assertEquals([kept.code, kept.stderr], [0, ""]);
      assertEquals(await compareTrees(`${tree}/from`, `${tree}/kept`), []);
    });

    it(`includes a hundred levels of long names, which exceed the longest path: ${variantName(variant)}`, async () => {
      const native = variant.engine === "native";
      // Calls of Deno accept at most 4095 bytes.
      const name = native ? "n".repeat(255) : "n".repeat(20);
      const tree = await scene.tree({ "from/top": "x" });
      const make = `mkdir ${name}; chmod 750 ${name}; cd -P ${name}; printf deep > f; touch -d @1000000000 f`;
      shell(`cd from; for i in $(seq 100); do ${make}; done; head -c 2000000 /dev/zero > large`, tree);
      try {
        for (const flags of ["-r", "-rp"]) {
          const { code, stderr } = await scene.copy(variant, {
            flags: [flags],
            sources: [`${tree}/from`],
            target: `${tree}/to${flags}`,
          });
          assertEquals([code, stderr], [0, ""]);
          const kept = flags === "-rp" ? "; test $(stat -c %a .) = 750; test $(stat -c %Y f) = 1000000000" : "";
          const look = `cd -P ${name}; test "$(cat f)" = deep${kept}`;
          shell(`cd ./to${flags}; for i in $(seq 100); do ${look}; done; test $(stat -c %s large) = 2000000`, tree);
        }
      } finally {
        // rm descends step by step, because the tree is deeper than the longest path.
        shell("rm -rf from ./to-r ./to-rp", tree);
      }
    });

    it(`preserves owner, group, setuid and setgid with -p if permitted: ${variantName(variant)}`, {
      ignore: !isRoot,
    }, async () => {
      const entries: TreeEntries = {};
      for (const mode of [0o4755, 0o2755, 0o6711, 0o1644]) {
        entries[`from/${mode.toString(8)}`] = { content: "x" };
        entries[`from/large${mode.toString(8)}`] = { size: 2 << 20 };
      }
      const tree = await scene.tree({ ...entries, "from/d/f": "x" });
      for (const path of [...Object.keys(entries), "from/d"]) {
        Deno.chownSync(`${tree}/${path}`, 1234, 4321);
        const mode = parseInt(path.replace(/\D/g, ""), 8);
        Deno.chmodSync(`${tree}/${path}`, path === "from/d" ? 0o3770 : mode);
      }
      for (const flags of ["-rp", "-r"]) {
        const { code, stderr } = await scene.copy(variant, {
          flags: [flags],
          sources: [`${tree}/from`],
          target: `${tree}/to${flags}`,
        });
        assertEquals([code, stderr], [0, ""]);
        for (const path of [...Object.keys(entries), "from/d"]) {
          const [from, to] = [path, path.replace("from", `to${flags}`)].map((each) => Deno.statSync(`${tree}/${each}`));
          const kept = flags === "-rp";
          assertEquals([to.uid, to.gid], kept ? [1234, 4321] : [Deno.uid(), Deno.gid()], path);
          assertEquals(to.mode! & 0o7777, kept ? from.mode! & 0o7777 : from.mode! & 0o777 & ~Deno.umask(), path);
        }
      }
    });
  }
});

/** A process from source has more open files than a compiled one. */
const DESCRIPTORS = 64;

describeWithScene(`${DESCRIPTORS} descriptors at each end`, (scene) => {
  let limited: Disposable;
  beforeAll(async () => limited = await wrapEscp(scene, { setup: [`ulimit -n ${DESCRIPTORS}`] }));
  afterAll(() => limited[Symbol.dispose]());

  for (const variant of REMOTE.map((variant) => ({ ...variant, streams: 4 as const }))) {
    it(`are enough for many large files in many deep directories: ${variantName(variant)}`, async () => {
      const entries: TreeEntries = { [`from/${"deep/".repeat(100)}f`]: "x" };
      for (let index = 0; index < 80; index++) {
        // Some files are large enough for a journal, which needs a descriptor too.
        entries[`from/${index}/a/b/c/large`] = { size: index % 4 === 0 ? (4 << 20) + 1 : (1 << 20) + 1 };
        for (let small = 0; small < 5; small++) entries[`from/${index}/a/${small}/small`] = "y";
      }
      const tree = await scene.tree(entries);
      const { code, stderr } = await scene.copy(variant, {
        flags: ["-rp"],
        sources: [`${tree}/from`],
        target: `${tree}/to`,
      });
      assertEquals([code, stderr], [0, ""]);
      assertEquals(await compareTrees(`${tree}/from`, `${tree}/to`), []);
    });
  }
});
