import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { recordKind, recordPath, StateDirectory, StateError } from "../../src/resume/state_directory.ts";
import { OTHER_USER } from "../support/files/plain_rights.ts";
import { isRoot, TempDirectory } from "../files/file_engines.ts";

const ignore = Deno.build.os === "windows";

/** Returns the state directory for an environment. */
const stateOf = (env: Record<string, string | undefined>, windows = false) =>
  new StateDirectory((name) => env[name], windows);

const modeOf = (path: string) => Deno.lstatSync(path).mode! & 0o7777;

describe("StateDirectory", { ignore }, () => {
  it("is in $XDG_STATE_HOME, or in the home directory if that variable is unset or relative", async () => {
    using temp = new TempDirectory();
    const [xdg, home] = [temp.directory("xdg"), temp.directory("home")];
    const places: [Record<string, string | undefined>, string][] = [
      [{ XDG_STATE_HOME: xdg, HOME: home }, `${xdg}/escp`],
      [{ XDG_STATE_HOME: "relative", HOME: home }, `${home}/.local/state/escp`],
      [{ XDG_STATE_HOME: "", HOME: home }, `${home}/.local/state/escp`],
      [{ HOME: home }, `${home}/.local/state/escp`],
    ];
    for (const [env, expected] of places) {
      const directory = await stateOf(env).make();
      assertEquals(directory.slice(0, directory.lastIndexOf("/")), expected);
      assertMatch(directory.slice(expected.length), /^\/[0-9a-f]{32}$/);
    }
    const windows = await stateOf({ LOCALAPPDATA: temp.at("local").replaceAll("/", "\\") }, true).make()
      .catch((error) => error);
    assert(windows instanceof StateError, "LOCALAPPDATA exists on Windows, so it is not created");
    temp.directory("local");
    const local = await stateOf({ LOCALAPPDATA: temp.at("local").replaceAll("/", "\\") }, true).make();
    assertEquals(local.slice(0, local.lastIndexOf("/")), temp.at("local/escp"));
  });

  it("make() creates it with its missing ancestors, for its owner only", async () => {
    using temp = new TempDirectory();
    const state = stateOf({ HOME: temp.path });
    assertEquals([await state.find(), state.all(), temp.list()], [undefined, [], []]);
    const directory = await state.make();
    assertEquals([await state.find(), state.all()], [directory, [directory]]);
    for (let path = directory; path !== temp.path; path = path.slice(0, path.lastIndexOf("/"))) {
      assertEquals([modeOf(path), Deno.statSync(path).uid], [0o700, Deno.uid()], path);
    }
    const xdg = await stateOf({ XDG_STATE_HOME: temp.at("a/b/c") }).make();
    assert(xdg.startsWith(`${temp.at("a/b/c")}/escp/`));
  });

  it("is the same in every run, even if the home directory is a symbolic link", async () => {
    using temp = new TempDirectory();
    temp.directory("home");
    Deno.symlinkSync("home", temp.at("link"));
    const directory = await stateOf({ HOME: temp.at("link") }).make();
    assertEquals(await stateOf({ HOME: temp.at("link") }).find(), directory);
    assertEquals(Deno.realPathSync(directory), await stateOf({ HOME: temp.at("home") }).find());
  });

  const BAD: [what: string, spoil: (path: string, temp: TempDirectory) => void, reason: string, ignore?: boolean][] = [
    ["is a link", (path, temp) => {
      Deno.renameSync(path, temp.at("real"));
      Deno.symlinkSync(temp.at("real"), path);
    }, "it is a symbolic link"],
    ["is a file", (path) => {
      Deno.removeSync(path, { recursive: true });
      Deno.writeTextFileSync(path, "");
    }, "it is not a directory"],
    [
      "belongs to another user",
      (path) => Deno.chownSync(path, OTHER_USER, OTHER_USER),
      "it belongs to another user",
      !isRoot,
    ],
    ["can be written to by its group", (path) => Deno.chmodSync(path, 0o770), "other users may write to it"],
    ["can be written to by all users", (path) => Deno.chmodSync(path, 0o1777), "other users may write to it"],
  ];
  for (const [what, spoil, reason, ignore = false] of BAD) {
    for (const part of ["the directory", "the directory of the machine"]) {
      it(`is not used if ${part} ${what}`, { ignore }, async () => {
        using temp = new TempDirectory();
        const state = stateOf({ XDG_STATE_HOME: temp.at("state") });
        const own = await state.make();
        const path = part === "the directory" ? temp.at("state/escp") : own;
        spoil(path, temp);
        assertEquals([await state.find(), state.all()], [undefined, []]);
        const message = `cannot use the state directory "${path}": ${reason}`;
        await assertRejects(() => state.make(), StateError, message);
      });
    }
  }

  it("make() names a directory that cannot be created, with the reason", async () => {
    using temp = new TempDirectory();
    temp.write("file");
    const state = stateOf({ XDG_STATE_HOME: temp.at("file/state") });
    const message = `cannot use the state directory "${temp.at("file/state/escp")}": Not a directory`;
    await assertRejects(() => state.make(), StateError, message);
    await assertRejects(() => stateOf({}).make(), StateError, "HOME is not set");
    await assertRejects(() => stateOf({ HOME: "relative" }).make(), StateError, "HOME is not set");
    await assertRejects(() => stateOf({ HOME: temp.at("none") }).make(), StateError, "No such file or directory");
    await assertRejects(() => stateOf({}, true).make(), StateError, "LOCALAPPDATA is not set");
  });

  it("recordPath hashes its key", async () => {
    const paths = await Promise.all([
      recordPath("/s", "journal", "/a"),
      recordPath("/s", "journal", "/a", ""),
      recordPath("/s", "journal", "/b"),
      recordPath("/s", "run", "/a"),
      recordPath("/s", "run", "/a", "name"),
      recordPath("/s", "run", "/aname"),
      recordPath("/s", "run", "/a\udcff"),
    ]);
    assertEquals(new Set(paths).size, paths.length);
    for (const path of paths) assertMatch(path, /^\/s\/[0-9a-f]{32}\.(journal|run)$/);
    assertEquals(await recordPath("/s", "journal", "/a"), paths[0]);
    assertNotEquals(paths[0].replace(".journal", ""), paths[3].replace(".run", "x"));
    assertEquals([recordKind(paths[0].slice(3)), recordKind(paths[3].slice(3))], ["journal", "run"]);
    for (const other of ["", "hosts", "a.run", `${paths[0].slice(3)}~`]) assertEquals(recordKind(other), undefined);
  });
});
