/** Modes of a pull with `--chmod` from a server that ignores it. */

import { assertEquals } from "@std/assert";
import { it } from "@std/testing/bdd";
import { alteredEscp, runEscp } from "../support/escp/escp_command.ts";
import { lastEvent } from "../support/escp/json_events.ts";
import type { TreeEntries } from "../support/files/temp_tree.ts";
import { describeWithScene, ENGINES, type Scene } from "../support/scene.ts";
import { writeWrapper } from "../support/shell_script.ts";

const MIB = 1 << 20;
const CHMOD = "--chmod=Du=rwx,Dgo=,Fu=rw,Fgo=,ug-s,a-t";
/** Small files, and files that arrive in pieces. With `--verify` every file larger than a frame is announced. */
const SOURCE: TreeEntries = {
  "from/d": { directory: true, mode: 0o3777 },
  "from/d/small": { content: "1", mode: 0o4777 },
  "from/d/empty": { directory: true, mode: 0o2777 },
  ...Object.fromEntries(Array.from({ length: 6 }, (_, index) => {
    return [`from/d/medium${index}`, { size: 2 * MIB + index, mode: 0o6755 }];
  })),
  "from/d/empty/last": { size: 2 * MIB, mode: 0o4755 },
};
/** Returns the permissions of all files and directories, in octal, without repetitions. */
function modesBelow(directory: string): { files: string[]; directories: string[] } {
  const modes = { files: new Set<string>(), directories: new Set<string>() };
  const add = (path: string) => {
    const { mode, isDirectory } = Deno.lstatSync(path);
    (isDirectory ? modes.directories : modes.files).add((mode! & 0o7777).toString(8));
    if (isDirectory) { for (const { name } of Deno.readDirSync(path)) add(`${path}/${name}`); }
  };
  add(directory);
  return { files: [...modes.files].sort(), directories: [...modes.directories].sort() };
}

/** Returns options that make the remote host ignore `--chmod` in a pull. */
async function hostileFlags(scene: Scene): Promise<string[]> {
  const path = `${await scene.tree()}/escp`;
  await writeWrapper(path, alteredEscp("without_chmod.ts"));
  return ["-D", path];
}

describeWithScene("a server that ignores --chmod", { umask: 0o022 }, (scene) => {
  for (const engine of ENGINES) {
    it(`cannot set other permissions (${engine})`, async () => {
      const tree = await scene.tree(SOURCE);
      const flags = [...await hostileFlags(scene), CHMOD];
      const sources = [`${tree}/from/d`];
      const pull = { direction: "pull", engine, streams: 4 } as const;
      for (const [index, options] of [["-a"], ["-a", "--verify"], ["-p", "-r", "-C"], ["-r"]].entries()) {
        const target = `${tree}/to${index}`;
        const { code, stderr } = await scene.copy(pull, { flags: [...flags, ...options], sources, target });
        const expected = { files: ["600"], directories: ["700"] };
        assertEquals([code, stderr, modesBelow(target)], [0, "", expected], options.join(" "));
      }
    });

    it(`cannot change the permissions of files that are up to date (${engine})`, async () => {
      const tree = await scene.tree(SOURCE);
      const flags = [...await hostileFlags(scene), CHMOD, "-a", "-u", "--json"];
      const copy = { flags, sources: [`${tree}/from/d/.`], target: `${tree}/to` };
      const pull = { direction: "pull", engine, streams: 1 } as const;
      assertEquals((await scene.copy(pull, copy)).code, 0);
      await Deno.chmod(`${tree}/to/small`, 0o644);
      const { code, stdout } = await scene.copy(pull, copy);
      assertEquals([code, lastEvent(stdout).files], [0, 0]);
      assertEquals(modesBelow(copy.target), { files: ["600"], directories: ["700"] });
      const again = await scene.copy(pull, { ...copy, flags: [...flags, "-n", "--itemize-changes"] });
      assertEquals([again.code, again.stdout.includes('"item"')], [0, false], again.stdout);
    });
  }

  it("cannot set other permissions on another host", async () => {
    const tree = await scene.tree(SOURCE);
    const { code, stderr } = await runEscp([
      ...[...scene.sshd.sshOptions, ...await hostileFlags(scene), "-a", "--json", CHMOD],
      ...[`testhost:${tree}/from/d`, `testhost2:${tree}/to`],
    ]);
    assertEquals([code, stderr, modesBelow(`${tree}/to`)], [0, "", { files: ["600"], directories: ["700"] }]);
  });
});
