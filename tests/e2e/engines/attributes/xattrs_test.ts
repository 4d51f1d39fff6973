import { assert, assertEquals } from "@std/assert";
import { it } from "@std/testing/bdd";
import { compareTrees } from "../../../support/files/compare_trees.ts";
import { useAsEscp } from "../../../support/escp/escp_command.ts";
import { lastEvent } from "../../../support/escp/json_events.ts";
import { listNames } from "../../../support/files/list_names.ts";
import { plainRightsProblem, writePlainEscp } from "../../../support/files/plain_rights.ts";
import {
  describeWithScene,
  ENGINES,
  type Scene,
  type Variant,
  variantName,
  variantsOf,
} from "../../../support/scene.ts";
import { accessList, setXattr, xattrsOf, xattrsProblem } from "../../../support/files/xattrs.ts";

const ACCESS = "system.posix_acl_access";
const DEFAULT = "system.posix_acl_default";
const directory = Deno.env.get("TMPDIR") ?? "/tmp";
const problem = ENGINES.includes("native") ? xattrsProblem(directory) : "not with the portable engine";
const NATIVE = variantsOf("native");
const PATHS = ["", "/d", "/d/small", "/d/large", "/d/closed"];

/** Makes a tree with attributes on everything except links. */
async function writeSource(scene: Scene): Promise<string> {
  const tree = await scene.tree({
    "from/d/small": "small",
    "from/d/large": { size: 3 << 20 },
    "from/d/closed": "closed",
    "from/d/link": { link: "small" },
    // More than one frame, so that the directory is entered again.
    ...Object.fromEntries(Array.from({ length: 6 }, (_, index) => [`from/d/m${index}`, { size: 900_000 }])),
  });
  for (const path of PATHS) {
    assert(setXattr(`${tree}/from${path}`, "user.path", path === "" ? "the root" : path));
    assert(setXattr(`${tree}/from${path}`, "user.bytes", new Uint8Array(1000).fill(255)));
  }
  for (const path of ["", "/d", "/d/small", "/d/large"]) {
    assert(setXattr(`${tree}/from${path}`, ACCESS, accessList(1234)));
  }
  assert(setXattr(`${tree}/from/d`, DEFAULT, accessList(77)));
  await Deno.chmod(`${tree}/from/d/closed`, 0o444);
  return tree;
}

const title = `extended attributes and access control lists${problem ? ` (skipped: ${problem})` : ""}`;
describeWithScene(title, { inProcess: true, ignore: problem !== undefined }, (scene) => {
  for (const variant of NATIVE) {
    it(`are updated if the contents are equal: ${variantName(variant)}`, async () => {
      const tree = await writeSource(scene);
      const copy = async (flags: string) => {
        const target = `${tree}/to`;
        const result = await scene.copy(variant, { flags: flags.split(" "), sources: [`${tree}/from/.`], target });
        assertEquals([result.code, result.stderr], [0, ""]);
        return lastEvent(result.stdout);
      };
      await Deno.mkdir(`${tree}/to`);
      await copy("-a -u --json");
      assertEquals(xattrsOf(`${tree}/to/d/small`), {});
      const { files } = await copy("-a -u --json --xattrs --acls");
      assertEquals(files, 0);
      for (const path of PATHS) assertEquals(xattrsOf(`${tree}/to${path}`), xattrsOf(`${tree}/from${path}`), path);
    });

    it(`are copied on request: ${variantName(variant)}`, async () => {
      const tree = await writeSource(scene);
      for (
        const [flags, expected] of [
          ["-a", () => []],
          ["-a --xattrs --acls", (path: string) => Object.keys(xattrsOf(`${tree}/from${path}`))],
          ["-r --xattrs", () => ["user.bytes", "user.path"]],
          [
            "-r --acls",
            (path: string) => Object.keys(xattrsOf(`${tree}/from${path}`)).filter((it) => /^system/.test(it)),
          ],
        ] as const
      ) {
        const target = `${tree}/${flags.replaceAll(" ", "")}`;
        const copy = { flags: flags.split(" "), sources: [`${tree}/from`], target };
        const { code, stderr } = await scene.copy(variant, copy);
        assertEquals({ code, stderr }, { code: 0, stderr: "" }, flags);
        const options = flags.startsWith("-a") ? { modes: true, mtimes: "ns" as const } : {};
        const differences = await compareTrees(`${tree}/from`, target, options);
        assertEquals(differences.filter((it) => !it.startsWith("d/link") || flags.startsWith("-a")), [], flags);
        for (const path of PATHS) {
          const [from, to] = [xattrsOf(`${tree}/from${path}`), xattrsOf(target + path)];
          assertEquals(Object.keys(to), expected(path), `${flags} ${path}`);
          for (const [name, value] of Object.entries(to)) assertEquals(value, from[name], `${flags} ${path} ${name}`);
        }
      }
    });
  }

  it("are refused before anything is copied if the receiver cannot store them", async () => {
    const tree = await scene.tree({ "f": "x" });
    const program = `${scene.sshd.binDirectory}/portable/escp`;
    if (!ENGINES.includes("portable")) return;
    for (const direction of ["push", "pull"] as const) {
      const variant: Variant = { direction, engine: "native", streams: 1 };
      const flags = ["--acls", "-D", program];
      const copy = { flags, sources: [`${tree}/f`], target: `${tree}/new` };
      const { code, stderr } = await scene.copy(variant, copy);
      assertEquals(code, 1);
      const reason =
        "Cannot copy extended attributes or access control lists: the portable engine does not support them";
      assert(stderr.includes(reason), stderr);
      assertEquals(listNames(tree), ["f"]);
    }
    const refused = await scene.copy({ direction: "push", engine: "portable", streams: 1 }, {
      flags: ["--xattrs"],
      sources: [`${tree}/f`],
      target: `${tree}/new`,
    });
    assertEquals(refused.code, 2, refused.stderr);
  });
});

const plain = problem ?? plainRightsProblem;
const plainTitle = `extended attributes of files without write permission${plain ? ` (skipped: ${plain})` : ""}`;
describeWithScene(plainTitle, { ignore: plain !== undefined }, (scene) => {
  it("are copied", async () => {
    using _ = useAsEscp(await writePlainEscp(scene.sshd.binDirectory));
    const tree = await writeSource(scene);
    await Deno.chmod(`${tree}/from`, 0o755);
    await Deno.chmod(`${tree}/from/d`, 0o555);
    for (const flags of ["-r", "-rp"]) {
      for (const round of ["new", "again"]) {
        const target = `${tree}/to${flags}`;
        const sources = [round === "new" ? `${tree}/from` : `${tree}/from/.`];
        const copy = { flags: [flags, "--xattrs"], sources, target };
        const { code, stderr } = await scene.copy({ direction: "local", engine: "native", streams: 1 }, copy);
        assertEquals({ code, stderr }, { code: 0, stderr: "" }, `${flags} ${round}`);
        for (const path of PATHS) {
          const names = Object.keys(xattrsOf(target + path)).filter((name) => name.startsWith("user."));
          assertEquals(names, ["user.bytes", "user.path"], `${flags} ${round} ${path}`);
        }
        assertEquals(Deno.statSync(`${target}/d`).mode! & 0o777, 0o555, `${flags} ${round}`);
      }
    }
  });
});
