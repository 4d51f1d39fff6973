import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { runInProcess } from "../../../support/escp/in_process.ts";
import { runEscp } from "../../../support/escp/escp_command.ts";
import { pathsIn } from "../../../support/files/paths_in.ts";
import { createTempTree, type TreeEntries } from "../../../support/files/temp_tree.ts";

const TREE: TreeEntries = {
  ...{ "from/a/b/c.o": "", "from/a/c.o": "", "from/a/.o": "", "from/ac": "", "from/abc": "", "from/a/xc": "" },
  ...{ "from/d/a/f": "", "from/d/a/g/h": "", "from/d/ab": "", "from/x/.o": "", "from/x/y.o": "", "from/x/y/z.o": "" },
  ...{ "from/x/y/z.c": "", "from/x,y/f": "", "from/a*b/f": "", "from/file": "" },
  "to": { directory: true },
  "rsync": { directory: true },
};

/** Filters with the same meaning in rsync and escp. */
const FILTERS: readonly string[][] = [
  ["--include=/a/***", "--exclude=*"],
  ["--exclude=/a/***"],
  ["--exclude=a/***"],
  ["--include=/d/", "--include=/d/a/***", "--exclude=*"],
  ["--exclude=/d/a/***"],
  ["--exclude=/file/***"],
  ["--exclude=*/***"],
  ["--include=*/***", "--exclude=*"],
  ["--exclude=/***"],
  ["--include=/***", "--exclude=*"],
  ["--exclude=**/a/***"],
  ["--exclude=**/***"],
  ["--exclude=/x,y/***"],
  ["--exclude=x,*/***"],
  ["--exclude=/a\\*b/***"],
  ["--exclude=/[ad]/***"],
  ["--exclude=/x/**.o"],
  ["--exclude=/**o"],
  ["--exclude=**o"],
  ["--exclude=**.o"],
  ["--exclude=/a**c"],
  ["--exclude=a**c"],
  ["--exclude=/a**"],
  ["--exclude=a**"],
  ["--exclude=a**/"],
  ["--exclude=/**a/***"],
  ["--exclude=d**a**h"],
  ["--exclude=/x/**y**.o"],
  ["--exclude=/?**.o"],
  ["--exclude=[a]**[c]"],
  ["--exclude=a\\**"],
  ["--exclude=/a/**"],
  ["--exclude=**/a"],
  ["--exclude=/d/**/h"],
];

const hasRsync = isInstalled();

describe(`filters, compared with rsync${hasRsync ? "" : " (skipped: not installed)"}`, { ignore: !hasRsync }, () => {
  for (const filters of FILTERS) {
    it(`select the same files by ${filters.join(" ")}`, async () => {
      await using tree = await createTempTree(TREE);
      await runRsync(["-r", ...filters, `${tree.path}/from/`, `${tree.path}/rsync`]);
      const args = ["-r", ...filters, `${tree.path}/from/.`, `${tree.path}/to`];
      const { code, stderr } = await copy(args);
      assertEquals([code, stderr, pathsIn(`${tree.path}/to`)], [0, "", pathsIn(`${tree.path}/rsync`)]);
    });
  }

  it("select the same files by rules in a file", async () => {
    await using tree = await createTempTree({ ...TREE, rules: "+ /a/***\n+ /x/\n- /x/**.c\n+ /x/***\n*\n" });
    const filter = `--exclude-from=${tree.path}/rules`;
    await runRsync(["-r", filter, `${tree.path}/from/`, `${tree.path}/rsync`]);
    const { code, stderr } = await copy(["-r", filter, `${tree.path}/from/.`, `${tree.path}/to`]);
    assertEquals([code, stderr, pathsIn(`${tree.path}/to`)], [0, "", pathsIn(`${tree.path}/rsync`)]);
  });
});

async function copy(args: string[]): Promise<{ code: number; stderr: string }> {
  return Deno.env.has("ESCP_BINARY") ? await runEscp(args) : await runInProcess(args, { engine: "auto" });
}

async function runRsync(args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("rsync", { args }).output();
  assert(success, new TextDecoder().decode(stderr));
}

function isInstalled(): boolean {
  try {
    return new Deno.Command("rsync", { args: ["--version"], stdout: "null" }).outputSync().success;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return false;
  }
}
