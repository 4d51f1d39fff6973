import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FileError, UserError } from "../../../src/errors.ts";
import {
  checkOperandName,
  checkSameCase,
  nameKey,
  type NameRules,
  OWN_RULES,
  problemOnWindows,
} from "../../../src/files/path/name_rules.ts";
import { createPortableEngine } from "../../../src/files/portable/engine.ts";
import { identityOf } from "../../../src/files/stat/file_identity.ts";
import { planTargets } from "../../../src/files/target/plan/plan.ts";
import { RecordType } from "../../../src/protocol/data/records.ts";
import { applyRecord, frameOf, TempDirectory } from "../file_engines.ts";

const { enter, file, symlink, hardlink } = RecordType;
const WINDOWS: NameRules = { ...OWN_RULES, style: "windows", ignoresCase: true };

/** Names that are valid elsewhere, and on Windows refer to another file, to a device or out of the target. */
const FORBIDDEN = [
  ...'<>:"|?*\\'.split("").map((char) => `a${char}b`),
  "a\nb",
  "\u0001",
  "a\u001f",
  "C:x",
  "C:\\x",
  "..\\x",
  "a\\..\\..\\b",
  "\\x",
  "file:stream",
  "file::$DATA",
  "x.",
  "x ",
  "...",
  ". ",
  ".. ",
  "CON",
  "con",
  "Prn.txt",
  "aux.tar.gz",
  "NUL",
  "nul .x",
  "com1",
  "COM9.log",
  "com²",
  "LPT1",
  "lpt³.x",
  "CONIN$",
  "conout$",
];
const ALLOWED = [
  "a",
  ".a",
  "a b",
  "CONSOLE",
  "con1",
  "com0",
  "com10",
  "lpt",
  "nulls.txt",
  "xCON",
  "é",
  "a'b",
  "~",
  "-x",
];

describe("names on Windows", () => {
  it("are valid, or invalid with a reason", () => {
    for (const name of ALLOWED) assertEquals(problemOnWindows(name), undefined, name);
    for (const name of FORBIDDEN) assertEquals(typeof problemOnWindows(name), "string", JSON.stringify(name));
    assertEquals(problemOnWindows("a:b"), 'Windows does not allow ":" in names');
    assertEquals(problemOnWindows("a\nb"), "Windows does not allow a control character in names");
    assertEquals(problemOnWindows("a."), "Windows does not allow names that end in a dot or a space");
    assertEquals(problemOnWindows("nul.txt"), "Windows reserves that name for a device");
  });
});

/** Applies records as a stream does. Returns the failures, without the directory. */
function receive(temp: TempDirectory, rules: NameRules, records: Parameters<typeof frameOf>[0]): string[] {
  const options = { preserve: false, keepTimes: false, umask: 0o022, token: "test" };
  const root = { kind: "folder", path: temp.at("in"), created: false } as const;
  const writer = createPortableEngine(rules).openTarget([root], options);
  const { frame, cursor } = frameOf(records);
  const failures: string[] = [];
  while (cursor.next()) {
    try {
      applyRecord(writer, cursor, frame);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      failures.push(error.message.replaceAll(temp.path, ""));
    }
  }
  writer.close();
  return failures;
}

describe("a target on Windows", () => {
  it("refuses invalid names of files, directories and links, and creates nothing", () => {
    for (const name of FORBIDDEN) {
      using temp = new TempDirectory();
      temp.directory("in");
      const failures = receive(temp, WINDOWS, [
        [enter, ""],
        [file, "first", "1"],
        [file, name, "2"],
        [symlink, name, "first"],
        [hardlink, name, "first"],
        [hardlink, "name", name],
        [enter, name],
        [enter, `${name}/below`],
        [enter, `directory/${name}`],
        [enter, ""],
        [file, "last", "3"],
      ]);
      assertEquals(failures.length, 7, JSON.stringify(name));
      assertEquals(temp.list(), ["in/", "in/directory/", "in/first", "in/last"], JSON.stringify(name));
    }
  });

  it("refuses a large file with an invalid name before it creates anything", () => {
    using temp = new TempDirectory();
    temp.directory("in");
    const options = { preserve: false, keepTimes: false, umask: 0o022, token: "test" };
    const root = { kind: "folder", path: temp.at("in"), created: false } as const;
    const writer = createPortableEngine(WINDOWS).openTarget([root], options);
    for (const name of FORBIDDEN) {
      for (const path of [name, `${name}/x`]) {
        const error = assertThrows(() => writer.partials.create(0, path, 1), FileError);
        assertEquals(error.code, "EINVAL");
      }
    }
    assertEquals(temp.list(), ["in/"]);
    writer.close();
  });

  it("refuses root directories with invalid names, and leaves files to the writer", () => {
    using temp = new TempDirectory();
    temp.directory("in");
    const { paths } = createPortableEngine(WINDOWS);
    const options = { base: temp.at("in"), tilde: false, sameHost: false, rules: WINDOWS };
    for (const name of FORBIDDEN) {
      assertThrows(() => planTargets([{ name, kind: "folder" }], ".", options, paths), FileError, "Windows");
      const [root] = planTargets([{ name, kind: "file" }], ".", options, paths);
      assertEquals(root, {
        kind: "file",
        directory: temp.at("in"),
        name,
        identity: identityOf(Deno.statSync(temp.at("in"))),
      });
    }
    assertEquals(temp.list(), ["in/"]);
  });
});

describe("a target operand on Windows", () => {
  it("must not end in an invalid name, which is not examined", () => {
    using temp = new TempDirectory();
    const engine = createPortableEngine(WINDOWS);
    const options = { base: temp.path, tilde: false, sameHost: false, rules: WINDOWS };
    const examined: string[] = [];
    const stat: typeof engine.paths.stat = (path, how) => {
      examined.push(path);
      return engine.paths.stat(path, how);
    };
    for (const [target, reason] of [["NUL", "device"], ["in/con.txt", "device"], ["x ", "space"], ["in/a:b", '":"']]) {
      const plan = () => planTargets([{ name: "f", kind: "file" }], target, options, { ...engine.paths, stat });
      const error = assertThrows(plan, FileError, `Cannot create "${target}": Windows `);
      assertStringIncludes(error.message, reason);
      assertEquals(error.hint, "Choose another name");
    }
    assertEquals(examined, []);
    for (const target of [".", "..", "C:\\"]) {
      checkOperandName("create", target, target, WINDOWS);
    }
  });
});

describe("a target that ignores case", () => {
  /** Rules that claim another spelling for an existing file. The file system itself respects case. */
  const spelled = (real: string): NameRules => ({
    ...OWN_RULES,
    ignoresCase: true,
    realPath: (path) => path.replace(/[^/]*$/, real),
  });

  it("does not replace a file, or merge a directory, whose name differs in case", () => {
    using temp = new TempDirectory();
    temp.directory("in/notes");
    temp.write("in/readme", "old");
    const failures = receive(temp, spelled("README"), [[enter, ""], [file, "readme", "new"], [symlink, "readme", "x"]]);
    const reason = '"README" already exists and differs only in case';
    assertEquals(failures, [`Cannot write "/in/readme": ${reason}`, `Cannot create "/in/readme": ${reason}`]);
    assertEquals(Deno.readTextFileSync(temp.at("in/readme")), "old");
    assertEquals(receive(temp, spelled("Notes"), [[enter, "notes"]]).length, 1);
    assertEquals(temp.list(), ["in/", "in/notes/", "in/readme"]);
  });

  it("accepts the same spelling, another Unicode form, and the name of a link", () => {
    for (const [name, real] of [["a", "a"], ["\u00e9", "e\u0301"], ["link", "elsewhere"]]) {
      checkSameCase("write", `/x/${name}`, spelled(real));
    }
    assertThrows(() => checkSameCase("write", "/x/É", spelled("e\u0301")), FileError, "differs only in case");
    checkSameCase("write", "/x/a", { ...spelled("A"), ignoresCase: false });
  });

  it("refuses two sources whose names differ only in case", () => {
    using temp = new TempDirectory();
    const { paths } = createPortableEngine();
    const sources = ["Same", "same"].map((name) => ({ name, kind: "file" }) as const);
    const plan = (ignoresCase: boolean) =>
      planTargets(sources, ".", {
        base: temp.path,
        tilde: false,
        sameHost: false,
        rules: { ...OWN_RULES, ignoresCase },
      }, paths);
    assertThrows(() => plan(true), UserError, "they have the same name");
    assertEquals(plan(false).length, 2);
    assertEquals(nameKey("/A/\u00c9", { ignoresCase: true }), nameKey("/a/e\u0301", { ignoresCase: true }));
  });
});
