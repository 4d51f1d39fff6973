import { assertEquals, assertMatch } from "@std/assert";
import { it } from "@std/testing/bdd";
import { isRoot } from "../../../files/file_engines.ts";
import { alteredEscp, escpCommand, runEscp } from "../../../support/escp/escp_command.ts";
import { lastEvent } from "../../../support/escp/json_events.ts";
import { MAX_OWNERS } from "../../../../src/protocol/limits.ts";
import { escpPerHost } from "../../../support/escp/remote_settings.ts";
import { oldEscpFlags } from "../../../support/escp/old_escp.ts";
import { accountsProblem, type NamedOwner, writeWithUsers } from "../../../support/hosts/accounts.ts";
import { xattrsProblem } from "../../../support/files/xattrs.ts";
import type { TreeEntries } from "../../../support/files/temp_tree.ts";
import {
  describeWithScene,
  type Engine,
  ENGINES,
  type Scene,
  type Variant,
  variantName,
  VARIANTS,
} from "../../../support/scene.ts";

const SOURCE: TreeEntries = {
  "from/small": "small",
  "from/d/large": { size: 2 << 20 },
  "from/d/link": { link: "large" },
};
const PATHS = ["", "d", "small", "d/large", "d/link"];
/** Numbers on this machine and on the other one; only this machine knows the last user. */
const ALICE = { uid: 23001, gid: 23002 };
const OTHER_ALICE = { uid: 24001, gid: 24002 };
const UNKNOWN = { uid: 23999, gid: 23998 };

/** Returns owner and group of each path. The portable engine cannot set those of a link. */
function ownersOf(directory: string, engine: Engine = "native"): string[] {
  return PATHS.slice(0, engine === "native" ? PATHS.length : -1).map((path) => {
    const { uid, gid } = Deno.lstatSync(`${directory}/${path}`);
    return `${uid}:${gid}`;
  });
}

/** Returns the same owner for each path, as `ownersOf`. */
function all(owner: string, engine: Engine = "native"): string[] {
  return Array(engine === "native" ? PATHS.length : PATHS.length - 1).fill(owner);
}

async function treeOf(scene: Scene, { uid, gid }: { uid: number; gid: number }): Promise<string> {
  const tree = await scene.tree(SOURCE);
  const args = ["-hR", `${uid}:${gid}`, `${tree}/from`];
  assertEquals((await new Deno.Command("chown", { args }).output()).code, 0);
  return tree;
}

/** Writes an escp that sees other users and groups. */
async function writeEscpWithUsers(
  scene: Scene,
  owner: NamedOwner,
  engine: string,
  command: readonly string[] = escpCommand(),
): Promise<string[]> {
  return ["-D", await writeWithUsers(await scene.tree(), owner, [...command, "--engine", engine])];
}

/** Runs a command. @returns its output. */
async function run(command: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** Returns a tree whose directories and files have access control lists with ALICE, UNKNOWN and root. */
async function listedTreeOf(scene: Scene): Promise<string> {
  const tree = await treeOf(scene, ALICE);
  const entries = [ALICE, UNKNOWN].map(({ uid, gid }) => `u:${uid}:r,g:${gid}:rw`).join(",");
  const from = `${tree}/from`;
  await run("setfacl", ["-m", `${entries},u:0:-`, from, `${from}/d`, `${from}/small`, `${from}/d/large`]);
  await run("setfacl", ["-d", "-m", entries, `${from}/d`]);
  return tree;
}

/** Returns the lists of each path, by getfacl(1) with numbers. The numbers of an owner become those of another. */
async function listsOf(directory: string, from = ALICE, to = ALICE): Promise<string[][]> {
  const paths = PATHS.slice(0, -1).map((path) => `${directory}/${path}`);
  const text = await run("getfacl", ["--absolute-names", "--omit-header", "--numeric", ...paths]);
  const mapped = text.replaceAll(`user:${from.uid}:`, `user:${to.uid}:`)
    .replaceAll(`group:${from.gid}:`, `group:${to.gid}:`);
  return mapped.trim().split("\n\n").map((list) => list.split("\n").sort());
}

const listsProblem = ENGINES.includes("native") ? findListsProblem() : "not with the portable engine";
const NO_LISTS = listsProblem === undefined ? "" : ` (skipped: ${listsProblem})`;

/** Returns why setfacl(1) cannot set lists of test files; undefined if it can. */
function findListsProblem(): string | undefined {
  const problem = xattrsProblem(Deno.env.get("TMPDIR") ?? "/tmp");
  if (problem !== undefined) return problem;
  try {
    const { success } = new Deno.Command("setfacl", { args: ["--version"], stdout: "null" }).outputSync();
    return success ? undefined : "setfacl does not work";
  } catch {
    return "setfacl is not installed";
  }
}

const SKIPPED = accountsProblem === undefined ? "" : ` (skipped: ${accountsProblem})`;

describeWithScene(`owners by name${SKIPPED}`, { ignore: accountsProblem !== undefined }, (scene) => {
  /** Runs a copy in which both ends have their own users. @param remote the altered escp of the remote host. */
  async function copyBetween(variant: Variant, tree: string, flags: string[], remote?: string) {
    const { direction, engine } = variant;
    const [here, there] = direction === "push" ? [ALICE, OTHER_ALICE] : [OTHER_ALICE, ALICE];
    const [, command] = await writeEscpWithUsers(scene, here, engine);
    const remoteCommand = remote === undefined ? undefined : alteredEscp(remote);
    return await runEscp([
      ...[...scene.sshd.sshOptions, ...await writeEscpWithUsers(scene, there, engine, remoteCommand), "-a", ...flags],
      direction === "pull" ? `testhost:${tree}/from/.` : `${tree}/from/.`,
      direction === "push" ? `testhost:${tree}/to` : `${tree}/to`,
    ], { command: [command] });
  }

  for (const variant of VARIANTS.filter(({ direction }) => direction !== "local")) {
    it(`are those of the names on the host of the target (${variantName(variant)})`, async () => {
      const tree = await treeOf(scene, ALICE);
      const { code, stderr } = await copyBetween(variant, tree, []);
      const { uid, gid } = OTHER_ALICE;
      const expected = all(`${uid}:${gid}`, variant.engine);
      assertEquals([code, stderr, ownersOf(`${tree}/to`, variant.engine)], [0, "", expected]);
      const again = await copyBetween(variant, tree, ["-u", "--json"]);
      assertEquals([again.code, lastEvent(again.stdout).files], [0, 0]);
      assertEquals(ownersOf(`${tree}/to`, variant.engine), expected);
    });
  }

  it("keep their numbers with --numeric-ids, and without a name on the other host", async () => {
    for (const [owner, flags] of [[ALICE, ["--numeric-ids"]], [UNKNOWN, []]] as const) {
      for (const direction of ["push", "pull"] as const) {
        const tree = await treeOf(scene, owner);
        const { code, stderr } = await copyBetween({ direction, engine: "native", streams: 1 }, tree, [...flags]);
        const numbers = all(`${owner.uid}:${owner.gid}`);
        assertEquals([code, stderr, ownersOf(`${tree}/to`)], [0, "", numbers]);
      }
    }
  });

  for (const direction of ["push", "pull"] as const) {
    const native: Variant = { direction, engine: "native", streams: 4 };

    it(`in access control lists are those of the names on the host of the target (${direction})${NO_LISTS}`, {
      ignore: listsProblem !== undefined,
    }, async () => {
      const tree = await listedTreeOf(scene);
      const { code, stderr } = await copyBetween(native, tree, ["--acls"]);
      assertEquals([code, stderr], [0, ""]);
      assertEquals(await listsOf(`${tree}/to`), await listsOf(`${tree}/from`, ALICE, OTHER_ALICE));
      // An update sets the lists again.
      await run("setfacl", ["-R", "-b", `${tree}/to`]);
      const again = await copyBetween(native, tree, ["--acls", "-u", "--json"]);
      assertEquals([again.code, lastEvent(again.stdout).files], [0, 0]);
      assertEquals(await listsOf(`${tree}/to`), await listsOf(`${tree}/from`, ALICE, OTHER_ALICE));
    });

    it(
      `in access control lists keep their numbers with --numeric-ids, and with an older peer (${direction})${NO_LISTS}`,
      {
        ignore: listsProblem !== undefined,
      },
      async () => {
        for (const options of [{ flags: ["--numeric-ids"] }, { flags: [], remote: "without_acl_owners.ts" }]) {
          const tree = await listedTreeOf(scene);
          const { code, stderr } = await copyBetween(native, tree, ["--acls", ...options.flags], options.remote);
          assertEquals([code, stderr], [0, ""]);
          assertEquals(await listsOf(`${tree}/to`), await listsOf(`${tree}/from`));
          const owner = options.remote ? OTHER_ALICE : ALICE;
          assertEquals(ownersOf(`${tree}/to`), all(`${owner.uid}:${owner.gid}`));
        }
      },
    );
  }

  it("are mapped between two remote hosts", async () => {
    const tree = await treeOf(scene, ALICE);
    const [, from] = await writeEscpWithUsers(scene, ALICE, "auto");
    const [, to] = await writeEscpWithUsers(scene, OTHER_ALICE, "auto");
    const env = await escpPerHost(scene, { testhost: from, testhost2: to });
    const operands = [`testhost:${tree}/from/.`, `testhost2:${tree}/to`];
    const { code, stderr } = await runEscp([...scene.sshd.sshOptions, "-a", ...operands], { env });
    const { uid, gid } = OTHER_ALICE;
    assertEquals([code, stderr, ownersOf(`${tree}/to`)], [0, "", all(`${uid}:${gid}`)]);
  });

  for (const [peer, from, to] of [["source", "without_acl_owners.ts", ""], ["target", "", "without_acl_owners.ts"]]) {
    it(`in access control lists all keep their numbers between two hosts with an older ${peer}${NO_LISTS}`, {
      ignore: listsProblem !== undefined,
    }, async () => {
      const tree = await listedTreeOf(scene);
      const commandOf = async (owner: NamedOwner, altered: string) =>
        (await writeEscpWithUsers(scene, owner, "native", altered === "" ? undefined : alteredEscp(altered)))[1];
      const escps = { testhost: await commandOf(ALICE, from), testhost2: await commandOf(OTHER_ALICE, to) };
      const env = await escpPerHost(scene, escps);
      const operands = [`testhost:${tree}/from/.`, `testhost2:${tree}/to`];
      const { code, stderr } = await runEscp([...scene.sshd.sshOptions, "-a", "--acls", ...operands], { env });
      assertEquals([code, stderr], [0, ""]);
      assertEquals(await listsOf(`${tree}/to`), await listsOf(`${tree}/from`));
      assertEquals(ownersOf(`${tree}/to`), all(`${OTHER_ALICE.uid}:${OTHER_ALICE.gid}`));
    });
  }

  it("beyond the limit keep their numbers, with one note", async () => {
    const others = MAX_OWNERS + 8;
    const tree = await scene.tree();
    await Deno.mkdir(`${tree}/from`);
    for (let index = 0; index <= others; index++) {
      const path = `${tree}/from/${index}`;
      Deno.writeTextFileSync(path, "");
      Deno.chownSync(path, ALICE.uid + index, ALICE.gid);
    }
    const [sender, receiver] = await Promise.all([ALICE, OTHER_ALICE].map(async (owner) => {
      return await writeWithUsers(await scene.tree(), owner, escpCommand(), others);
    }));
    for (const direction of ["push", "pull"] as const) {
      const to = `${tree}/${direction}`;
      const [local, remote] = direction === "push" ? [sender, receiver] : [receiver, sender];
      const operands = direction === "push" ? [`${tree}/from/.`, `testhost:${to}`] : [`testhost:${tree}/from/.`, to];
      const { code, stderr } = await runEscp([...scene.sshd.sshOptions, "-D", remote, "-a", "-t", "1", ...operands], {
        command: [local],
      });
      assertEquals([code, stderr], [
        0,
        "note: The sources and their access control lists have more than 4,096 users and groups: the others keep their numbers on the target\n",
      ]);
      let mapped = 0;
      for (let index = 0; index <= others; index++) {
        const { uid } = Deno.lstatSync(`${to}/${index}`);
        if (uid === OTHER_ALICE.uid + index) mapped++;
        else assertEquals(uid, ALICE.uid + index);
      }
      // One name is that of the group.
      assertEquals(mapped, MAX_OWNERS - 1);
    }
  });

  it("are set by name on the host of the target with --chown", async () => {
    const tree = await treeOf(scene, UNKNOWN);
    const variant: Variant = { direction: "push", engine: "native", streams: 1 };
    const { code, stderr } = await copyBetween(variant, tree, ["--chown=escp-alice:escp-team"]);
    const { uid, gid } = OTHER_ALICE;
    assertEquals([code, stderr, ownersOf(`${tree}/to`)], [0, "", all(`${uid}:${gid}`)]);
  });
});

describeWithScene(`--chown${isRoot ? "" : " (skipped: not root)"}`, { inProcess: true, ignore: !isRoot }, (scene) => {
  for (const variant of VARIANTS) {
    it(`sets owner and group of all entries (${variantName(variant)})`, async () => {
      for (
        const [index, [chown, expected]]
          of ([["123:456", "123:456"], ["123", "123:23002"], [":456", "23001:456"]] as const)
            .entries()
      ) {
        const tree = await treeOf(scene, ALICE);
        const flags = ["-r", "--symlinks=preserve", "--json", `--chown=${chown}`];
        const copy = { flags, sources: [`${tree}/from/.`], target: `${tree}/to${index}` };
        assertEquals((await scene.copy(variant, copy)).code, 0);
        assertEquals(ownersOf(copy.target, variant.engine), all(expected, variant.engine));
        const again = await scene.copy(variant, { ...copy, flags: [...flags, "-u"] });
        assertEquals([again.code, lastEvent(again.stdout).files], [0, 0]);
      }
    });

    it(`changes the owner of files that an update skips (${variantName(variant)})`, async () => {
      const tree = await treeOf(scene, ALICE);
      const copy = { flags: ["-a", "-u"], sources: [`${tree}/from/.`], target: `${tree}/to` };
      assertEquals((await scene.copy(variant, copy)).code, 0);
      assertEquals((await scene.copy(variant, { ...copy, flags: [...copy.flags, "--chown=5:6"] })).code, 0);
      // A link that is the same keeps its owner.
      assertEquals(ownersOf(copy.target, "portable"), all("5:6", "portable"));
    });

    it(`refuses an unknown name before anything is written (${variantName(variant)})`, async () => {
      const tree = await scene.tree(SOURCE);
      for (const [chown, kind] of [["no-such-user", "user"], [":no-such-group", "group"]]) {
        const copy = { flags: ["-r", `--chown=${chown}`], sources: [`${tree}/from/.`], target: `${tree}/to` };
        const { code, stderr } = await scene.copy(variant, copy);
        assertEquals(code, 1);
        assertMatch(stderr, new RegExp(`Cannot use --chown: the host of the target has no ${kind} "no-such-${kind}"`));
        assertEquals([...Deno.readDirSync(tree)].map(({ name }) => name), ["from"]);
      }
    });
  }

  it("is refused by a remote host without the feature, and owners are sent as numbers to it", async () => {
    const tree = await treeOf(scene, ALICE);
    const variant: Variant = { direction: "push", engine: "portable", streams: 1 };
    const copy = { sources: [`${tree}/from/.`], target: `${tree}/to` };
    const old = await oldEscpFlags(scene);
    const refused = await scene.copy(variant, { ...copy, flags: [...old, "-r", "--chown=1:2"] });
    assertEquals(refused.code, 1);
    assertMatch(refused.stderr, /Cannot use --chown: escp .* does not support it/);
    assertEquals((await scene.copy(variant, { ...copy, flags: [...old, "-r", "-p"] })).code, 0);
    assertEquals(ownersOf(copy.target)[2], `${ALICE.uid}:${ALICE.gid}`);
  });
});
