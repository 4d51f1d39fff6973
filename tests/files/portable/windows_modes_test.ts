import { assertEquals } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { createPortableEngine } from "../../../src/files/portable/engine.ts";
import { PACK_FILE_LIMIT } from "../../../src/protocol/limits.ts";
import { RecordCursor, RecordField, RecordType } from "../../../src/protocol/data/records.ts";
import { collect, sourceRoot, TempDirectory } from "../file_engines.ts";

/** Modes that versions of Deno report for files and directories. */
for (const reported of [0o666, 0, null]) {
  describe(`a sender on Windows, if Deno reports the mode ${reported?.toString(8)},`, () => suite(reported));
}

function suite(reported: number | null): void {
  const { build, statSync, lstatSync } = Deno;
  const define = (key: string, value: unknown) => Object.defineProperty(Deno, key, { value, configurable: true });
  beforeAll(() => {
    define("build", { ...build, os: "windows" });
    define("statSync", (path: string) => ({ ...statSync(path), mode: reported }));
    define("lstatSync", (path: string) => ({ ...lstatSync(path), mode: reported }));
  });
  afterAll(() => {
    for (const [key, value] of Object.entries({ build, statSync, lstatSync })) define(key, value);
  });

  /** Returns the modes that a walk returns for directories, small files and large files. */
  async function modesOf(preserve: boolean): Promise<Record<string, string>> {
    using temp = new TempDirectory();
    temp.directory("from/directory");
    temp.write("from/small", "1");
    temp.write("from/large", new Uint8Array(PACK_FILE_LIMIT + 1));
    const engine = createPortableEngine();
    const modes: Record<string, string> = {};
    const root = sourceRoot(engine, temp.at("from"));
    for (const item of await collect(engine.walk([root], { recursive: true, preserve }))) {
      if (item.type === "ranged") modes.large = item.attributes.mode.toString(8);
      if (item.type !== "pack") continue;
      const cursor = new RecordCursor(item.plan, 0, item.plan.length, { plan: true });
      while (cursor.next()) {
        const mode = cursor.uint32(RecordField.mode).toString(8);
        if (cursor.type === RecordType.directory) modes.directory = mode;
        if (cursor.type === RecordType.file) modes.small = mode;
      }
    }
    const reader = engine.sourceReader([root], { preserve });
    reader.enter(0, new Uint8Array(), 0, 0);
    reader.readWhole(new TextEncoder().encode("small"), 0, 5, new Uint8Array(8), 0, 8);
    modes["small, when it is read"] = reader.stat.mode.toString(8);
    return modes;
  }

  it("sends permissions for a receiver that applies its umask", async () => {
    const expected = { directory: "777", small: "666", large: "666", "small, when it is read": "666" };
    assertEquals(await modesOf(false), expected);
  });

  it("sends permissions without write access for others to a receiver that preserves them", async () => {
    const expected = { directory: "755", small: "644", large: "644", "small, when it is read": "644" };
    assertEquals(await modesOf(true), expected);
  });
}
