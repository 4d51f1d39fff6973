import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FileError, UserError } from "../../src/errors.ts";
import { Confinement } from "../../src/files/target/confinement.ts";
import { planTargets } from "../../src/files/target/plan/plan.ts";
import { createDirectories } from "../../src/files/target/root_directories.ts";
import { checkPrivatePlaces, checkWindowsPlaces } from "../../src/files/target/private_places.ts";
import { ENGINES, isRoot, TempDirectory } from "../files/file_engines.ts";
import { runEscp } from "../support/escp/escp_command.ts";
import { changeOwner } from "../support/files/change_owner.ts";
import { listNames } from "../support/files/list_names.ts";
import { OTHER_USER } from "../support/files/plain_rights.ts";
import { remoteConfig } from "../support/escp/remote_settings.ts";
import { describeWithScene, ENGINES as NAMED } from "../support/scene.ts";

for (const { title, make } of ENGINES) {
  describe(`directories of confined sessions (${title})`, () => {
    const engine = make();

    for (const by of ["link", "directory"] as const) {
      it(`a directory is not created outside if a ${by} replaces the one above it`, () => {
        using temp = new TempDirectory();
        temp.directory("in/sub");
        temp.directory("outside");
        const confinement = new Confinement(temp.at("in"), "/", engine.paths);
        const options = { base: confinement.base, tilde: true, sameHost: false, confinement };
        const roots = planTargets([{ name: "source", kind: "folder" }], "sub/new", options, engine.paths);
        Deno.renameSync(temp.at("in/sub"), temp.at("moved"));
        if (by === "link") Deno.symlinkSync("../outside", temp.at("in/sub"));
        else Deno.renameSync(temp.at("outside"), temp.at("in/sub"));
        const { code, message } = assertThrows(() => createDirectories(roots, engine.paths), FileError) as FileError;
        assertEquals(code === "ESTALE" || code === "EXDEV", true, message);
        assertEquals(temp.list().filter((name) => name.includes("new")), []);
      });
    }

    it("a directory is created below links that stay inside", () => {
      using temp = new TempDirectory();
      temp.directory("in/sub");
      Deno.symlinkSync("sub", temp.at("in/link"));
      const confinement = new Confinement(temp.at("in"), "/", engine.paths);
      const options = { base: confinement.base, tilde: true, sameHost: false, confinement };
      const roots = planTargets([{ name: "source", kind: "folder" }], "link/new", options, engine.paths);
      const [root] = createDirectories(roots, engine.paths);
      const { dev, ino } = Deno.statSync(temp.at("in/sub/new"));
      assertEquals(root.kind === "folder" && root.identity, { dev, inode: ino });
    });
  });
}

describe("roots of confined sessions", { ignore: Deno.build.os === "windows" }, () => {
  function home(): { temp: TempDirectory; path: string; env: (name: string) => string | undefined } {
    const temp = new TempDirectory();
    const path = temp.directory("home");
    return { temp, path, env: (name) => name === "HOME" ? path : undefined };
  }

  const refused = (
    root: string,
    place: string,
    env: (name: string) => string | undefined,
    user: number | undefined,
  ) => {
    const error = assertThrows(() => checkPrivatePlaces(root, user, env), UserError) as UserError;
    assertEquals(error.message.startsWith(`Cannot confine the session to "${root}": it contains "${place}", `), true);
    assertMatch(error.hint!, /^Name a directory under "root"/);
  };

  it("a root that contains keys, settings or state of its account is refused, even if they do not exist yet", () => {
    const { temp, path, env } = home();
    using _ = temp;
    refused(path, `${path}/.ssh`, env, Deno.uid()!);
    refused(temp.path, `${path}/.ssh`, env, Deno.uid()!);
    for (const place of [".ssh", ".config/escp", ".local/state/escp", ".cache/escp"]) {
      temp.directory(`home/${place}`);
      refused(`${path}/${place}`, `${path}/${place}`, env, Deno.uid()!);
    }
    temp.directory("home/incoming");
    checkPrivatePlaces(`${path}/incoming`, Deno.uid()!, env);
    checkPrivatePlaces(temp.directory("elsewhere"), Deno.uid()!, env);
  });

  it("a root is refused if a variable or a link points to keys or settings inside", () => {
    const { temp, path, env } = home();
    using _ = temp;
    temp.directory("in/config/escp");
    temp.directory("in/keys");
    const elsewhere = (name: string) => name === "XDG_STATE_HOME" ? temp.at("in/state") : env(name);
    refused(temp.at("in"), temp.at("in/state/escp"), elsewhere, Deno.uid()!);
    const config = (name: string) => name === "XDG_CONFIG_HOME" ? temp.at("in/config") : env(name);
    refused(temp.at("in"), temp.at("in/config/escp"), config, Deno.uid()!);
    Deno.symlinkSync("../in/keys", temp.at("home/.ssh"));
    refused(temp.at("in"), `${path}/.ssh`, env, Deno.uid()!);
    // The account can replace the link.
    Deno.symlinkSync("../outside", temp.at("home/.config"));
    refused(path, `${path}/.ssh`, env, Deno.uid()!);
  });

  it("a root that contains the executable or the library of later sessions is refused", () => {
    const { temp, env } = home();
    using _ = temp;
    temp.directory("in/bin");
    temp.directory("links");
    temp.write("in/bin/escp", "", 0o755);
    Deno.symlinkSync("../in/bin/escp", temp.at("links/escp"));
    const user = Deno.uid()!;
    for (const executable of [temp.at("in/bin/escp"), temp.at("links/escp")]) {
      const error = assertThrows(
        () => checkPrivatePlaces(temp.at("in"), user, env, executable),
        UserError,
      ) as UserError;
      assertStringIncludes(error.message, `it contains "${executable}", and this account can change`);
    }
    checkPrivatePlaces(temp.directory("in/data"), user, env, temp.at("in/bin/escp"));
    const library = (name: string) => name === "ESCP_LIBCRYPTO" ? temp.at("in/bin/escp") : env(name);
    refused(temp.at("in"), temp.at("in/bin/escp"), library, user);
  });

  it("a root may contain keys that the account cannot change", { ignore: !isRoot }, () => {
    const { temp, path, env } = home();
    using _ = temp;
    temp.directory("home/.ssh");
    temp.write("home/.ssh/authorized_keys", "", 0o644);
    checkPrivatePlaces(path, OTHER_USER, env);
    refused(path, `${path}/.ssh`, env, 0);
    const changes: [path: string, change: (path: string) => void, undo: (path: string) => void][] = [
      ["", (at) => changeOwner(at, OTHER_USER), (at) => changeOwner(at, 0)],
      ["", (at) => Deno.chmodSync(at, 0o775), (at) => Deno.chmodSync(at, 0o755)],
      ["/.ssh", (at) => changeOwner(at, OTHER_USER), (at) => changeOwner(at, 0)],
      ["/.ssh", (at) => Deno.chmodSync(at, 0o757), (at) => Deno.chmodSync(at, 0o755)],
      ["/.ssh/authorized_keys", (at) => changeOwner(at, OTHER_USER), (at) => changeOwner(at, 0)],
    ];
    for (const [at, change, undo] of changes) {
      change(path + at);
      refused(path, `${path}/.ssh`, env, OTHER_USER);
      undo(path + at);
      checkPrivatePlaces(path, OTHER_USER, env);
    }
  });
});

describeWithScene("sessions of a host whose root contains keys of the account", (scene) => {
  it("copies in either direction and cleaning are refused", async () => {
    const tree = await scene.tree({ "one": "1" });
    for (const root of [scene.sshd.home, "~", "/"]) {
      await using _ = await remoteConfig(scene, `root: ${root}\n`);
      for (const direction of ["push", "pull"] as const) {
        const copy = { sources: [direction === "push" ? `${tree}/one` : "x"], target: `${tree}/two` };
        const { code, stderr } = await scene.copy({ direction, engine: NAMED[0], streams: 1 }, copy);
        assertEquals(code, 1, stderr);
        assertMatch(stderr, /Cannot confine the session to .* it contains ".*\.ssh", and this account can change/);
        assertMatch(stderr, /^hint: Name a directory under "root"/m);
      }
      const remote = [...scene.sshd.sshOptions, "-D", `${scene.sshd.binDirectory}/escp`];
      const { code, stderr } = await runEscp(["--clean", ...remote, "testhost:"]);
      assertEquals(code, 1, stderr);
      assertMatch(stderr, /Cannot confine the session to/);
    }
    assertEquals(listNames(tree), ["one"]);
  });
});

describe("a root on Windows", () => {
  const variables: Record<string, string> = {
    APPDATA: "C:\\Users\\me\\AppData\\Roaming",
    LOCALAPPDATA: "C:\\Users\\me\\AppData\\Local",
    USERPROFILE: "C:\\Users\\me",
  };
  const EXECUTABLE = "C:\\Tools\\escp.exe";
  const env = (name: string) => variables[name];

  it("must not contain keys, settings or the executable, nor be below them", () => {
    for (
      const root of [
        "C:\\",
        "c:\\users\\ME",
        "C:/Users/me/AppData",
        "\\\\?\\C:\\Users\\me",
        "C:\\Users\\me\\.ssh",
        "C:\\Users\\me\\AppData\\Roaming\\escp\\x",
        "C:\\tools",
      ]
    ) {
      assertThrows(() => checkWindowsPlaces(root, env, EXECUTABLE), UserError, "is private", root);
    }
  });

  it("may be any other directory", () => {
    for (const root of ["D:\\", "C:\\Users\\me\\Documents", "C:\\Users\\men", "C:\\Users\\me\\.sshx"]) {
      checkWindowsPlaces(root, env, EXECUTABLE);
      checkWindowsPlaces(root, () => undefined, EXECUTABLE);
    }
  });
});
