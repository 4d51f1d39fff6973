import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { encodeName } from "../../../src/protocol/names.ts";
import { backupName, TemporaryNames, unverifiedName } from "../../../src/files/path/temporary_names.ts";
import {
  hasPrivateComponent,
  isPartialName,
  isPrivateName,
  isPrivateNameAt,
  isTemporaryName,
  newPartialName,
} from "../../../src/files/path/private_names.ts";

const HASH = "0123456789abcdef";
/** One name of each kind. */
const PRIVATE = [
  newPartialName(),
  new TemporaryNames("5f2a09c1").next(),
  new TemporaryNames("install").next(),
  backupName("token", encodeName("file")),
  unverifiedName(encodeName("file")),
  ...["part", "journal", "run", "unfinished"].map((suffix) => `.escp-${HASH}.${suffix}`),
];

describe("private names", () => {
  it("include all names that this and earlier versions use in a target directory", () => {
    for (const name of PRIVATE) {
      assert(isPrivateName(name), name);
      // Names in upper case refer to the same files on systems that ignore case.
      assert(isPrivateName(name.toUpperCase()), name);
      const bytes = encodeName(`x${name}y`);
      assert(isPrivateNameAt(bytes, 1, bytes.length - 1), name);
      assert(hasPrivateComponent(encodeName(`a/${name}`), 0, name.length + 2), name);
      assert(hasPrivateComponent(encodeName(`${name}/a/b`), 0, name.length + 4), name);
    }
  });

  it("do not include names of user files", () => {
    const others = [
      "",
      ".",
      ".escp",
      ".escp-",
      ".escp-notes",
      ".escp-notes.part",
      ".escp-notes.journal",
      ".escp-2024-01-01.run",
      ".escp-.part",
      `escp-${HASH}.part`,
      `.escp-${HASH}.part~`,
      `.escp-${HASH}`,
      `.escp-${HASH}0.part`,
      `.escp-${HASH}.Part.gz`,
      `x.escp-${HASH}.part`,
      `.escp-${HASH}\n.part`,
    ];
    for (const name of others) {
      assertEquals(isPrivateName(name), false, name);
      const bytes = encodeName(name);
      assertEquals(isPrivateNameAt(bytes, 0, bytes.length), false, name);
      assertEquals(hasPrivateComponent(bytes, 0, bytes.length), false, name);
    }
  });

  it("of partial files are unique and unpredictable", () => {
    const [one, other] = [newPartialName(), newPartialName()];
    assertNotEquals(one, other);
    for (const name of PRIVATE) assertEquals(isPartialName(name), name === PRIVATE[0], name);
    for (const name of PRIVATE) assertEquals(isTemporaryName(name), /-[0-9a-f]{8}\.part$/.test(name), name);
  });
});
