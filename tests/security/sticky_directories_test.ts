import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FileError } from "../../src/errors.ts";
import type { FileEngine } from "../../src/files/engine/engine.ts";
import type { Target } from "../../src/files/engine/target.ts";
import { planTargets } from "../../src/files/target/plan/plan.ts";
import { RecordType } from "../../src/protocol/data/records.ts";
import { applyRecords, ENGINES, isNativeHere, isRoot, TempDirectory } from "../files/file_engines.ts";
import { changeOwner } from "../support/files/change_owner.ts";
import { makeFifo } from "../support/files/fifo.ts";
import { encodeAccessList, NOBODY, setXattr, xattrsOf } from "../support/files/xattrs.ts";
import { runEscp, useAsEscp } from "../support/escp/escp_command.ts";
import { OTHER_USER, otherUserProblem, writeOthersEscp } from "../support/files/plain_rights.ts";
import { createTempTree } from "../support/files/temp_tree.ts";
import { ENGINES as ENGINE_NAMES } from "../support/scene.ts";

const MIB = 1 << 20;
const ATTRIBUTES = { mode: 0o600, uid: 0, gid: 0, mtime: 5, mtimeNs: 0, atime: 5, atimeNs: 0 };
const REFUSED = "Permission denied: another user owns it, in a sticky directory";

const ACCESS = "system.posix_acl_access";

/** Another user, whom the tests do not run as. */
const STRANGER = OTHER_USER + 1;

/** An access control list with permissions for the other user. */
const LIST = encodeAccessList([
  [0x01, 6, NOBODY],
  [0x02, 6, STRANGER],
  [0x04, 6, NOBODY],
  [0x10, 6, NOBODY],
  [0x20, 0, NOBODY],
]);
const hasLists = isNativeHere && (() => {
  using directory = new TempDirectory();
  return setXattr(directory.path, ACCESS, LIST);
})();

/** Creates a directory such as /tmp. */
function sticky(mode = 0o1777, owner = 0): TempDirectory {
  const directory = new TempDirectory();
  changeOwner(directory.path, owner);
  Deno.chmodSync(directory.path, mode);
  return directory;
}

/** Creates a file that every user can write to. */
function plant(directory: TempDirectory, owner = STRANGER): string {
  const path = directory.write("f", "planted", 0o666);
  changeOwner(path, owner);
  Deno.chmodSync(path, 0o666);
  return path;
}

function checkRefusal({ code, message }: FileError): void {
  assertEquals([code, message.endsWith(REFUSED)], ["EACCES", true], message);
}

function writerInto(engine: FileEngine, directory: TempDirectory, more = {}): Target {
  const options = { preserve: false, umask: 0o022, token: "test", ...more };
  return engine.openTarget([{ kind: "folder", path: directory.path, created: false }], options);
}

function writeSmall(writer: Target): void {
  applyRecords(writer, [[RecordType.enter, ""], [RecordType.file, "f", "secret", 0o600]]);
}

function refused(act: () => void): void {
  checkRefusal(assertThrows(act, FileError));
}

const why = isRoot ? "" : " (skipped: not root)";

for (const { title, make } of ENGINES) {
  const engine = make();

  describe(`files of other users in sticky directories (${title})${why}`, { ignore: !isRoot }, () => {
    it("are not written in place", async () => {
      for (const mode of [0o1777, 0o1770, 0o1722]) {
        using directory = sticky(mode);
        const path = plant(directory);
        const writer = writerInto(engine, directory, { inplace: true });
        refused(() => writeSmall(writer));
        checkRefusal(await assertRejects(() => writer.partials.begin(0, "f", MIB), FileError));
        writer.close();
        assertEquals(Deno.readTextFileSync(path), "planted");
      }
    });

    it("are written in place if they belong to the owner of the directory, or nobody else can create files", async () => {
      for (const [mode, owner] of [[0o1777, STRANGER], [0o1755, 0], [0o777, 0]]) {
        using directory = sticky(mode, owner);
        const path = plant(directory);
        const { ino } = Deno.statSync(path);
        const writer = writerInto(engine, directory, { inplace: true });
        writeSmall(writer);
        const { partial } = await writer.partials.begin(0, "f", MIB);
        assertEquals([partial.inPlace, partial.temporary], [true, "f"]);
        writer.close();
        assertEquals([Deno.readTextFileSync(path), Deno.statSync(path).ino], ["secret", ino]);
      }
    });

    it("give neither owner nor mode to the files that replace them", () => {
      for (const large of [false, true]) {
        using directory = sticky();
        const path = plant(directory);
        const writer = writerInto(engine, directory);
        if (large) writer.partials.commit(writer.partials.create(0, "f", 0), ATTRIBUTES);
        else writeSmall(writer);
        writer.close();
        const { uid, mode } = Deno.statSync(path);
        assertEquals([uid, mode! & 0o777], [0, 0o600]);
      }
    });

    const ignore = !hasLists || title === "portable";
    it("give no access control list to the files that replace them", { ignore }, () => {
      for (const preserve of [false, true]) {
        for (const large of [false, true]) {
          using directory = sticky();
          const path = plant(directory);
          setXattr(path, ACCESS, LIST);
          const writer = writerInto(engine, directory, { preserve });
          if (large) writer.partials.commit(writer.partials.create(0, "f", 0), { ...ATTRIBUTES, mode: 0o640 });
          else writeSmall(writer);
          writer.close();
          assertEquals(xattrsOf(path)[ACCESS], undefined);
        }
      }
    });

    it("are not followed if they are links, and not opened if they are FIFOs", () => {
      for (const kind of ["dangling link", "link to a file", "link to a link", "FIFO"]) {
        using directory = sticky();
        using elsewhere = new TempDirectory();
        elsewhere.write("file");
        Deno.symlinkSync(elsewhere.at("file"), elsewhere.at("link"));
        const path = directory.at("f");
        if (kind === "FIFO") makeFifo(path);
        else {
          const target = { "dangling link": "new", "link to a file": "file", "link to a link": "link" }[kind];
          Deno.symlinkSync(elsewhere.at(target!), path);
        }
        const plan = () => {
          const options = { base: "/", tilde: false, sameHost: false };
          return planTargets([{ name: "source", kind: "file" }], path, options, engine.paths);
        };
        const [own] = plan();
        assertEquals(own.kind, kind === "FIFO" ? "device" : "file");
        changeOwner(path, STRANGER);
        refused(plan);
      }
    });
  });

  describe(`a directory that is exchanged while files are written in place (${title})`, () => {
    it("receives no contents of a small file", () => {
      using temp = new TempDirectory();
      Deno.chmodSync(temp.path, 0o777);
      temp.directory("to");
      temp.directory("outside");
      temp.write("to/f", "old");
      temp.write("outside/f", "untouched");
      const root = { kind: "folder", path: temp.at("to"), created: false } as const;
      const writer = engine.openTarget([root], { preserve: false, umask: 0o022, token: "test", inplace: true });
      applyRecords(writer, [[RecordType.enter, ""]]);
      Deno.renameSync(temp.at("to"), temp.at("moved"));
      Deno.renameSync(temp.at("outside"), temp.at("to"));
      try {
        applyRecords(writer, [[RecordType.file, "f", "secret"]]);
      } catch (error) {
        assertEquals((error as FileError).code, "ESTALE");
      }
      writer.close();
      assertEquals(Deno.readTextFileSync(temp.at("to/f")), "untouched");
    });
  });
}

const whyNot = otherUserProblem === undefined ? "" : ` (skipped: ${otherUserProblem})`;

describe(`a name in a sticky directory that cannot be replaced${whyNot}`, { ignore: !!otherUserProblem }, () => {
  it("is not written in place automatically if the file is of a third user", async () => {
    for (const size of [1000, 5 * MIB]) {
      await using tree = await createTempTree({
        "f": { size, mode: 0o644 },
        "to/f": { content: "planted", mode: 0o666 },
      });
      await Deno.chmod(tree.path, 0o755);
      changeOwner(`${tree.path}/to/f`, STRANGER);
      await Deno.chmod(`${tree.path}/to`, 0o1777);
      using _ = useAsEscp(await writeOthersEscp(tree.path));
      for (const engine of ENGINE_NAMES) {
        for (const flags of [[], ["--inplace"]]) {
          const args = ["--engine", engine, ...flags, `${tree.path}/f`, `${tree.path}/to`];
          const { code, stderr } = await runEscp(args);
          assertEquals(code, 1, stderr);
          assertMatch(stderr, /^escp: Cannot write ".*\/to\/f": (Permission denied|Operation not permitted)/m);
          assertEquals(Deno.readTextFileSync(`${tree.path}/to/f`), "planted");
        }
      }
    }
  });
});
