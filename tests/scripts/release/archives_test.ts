import { assertEquals, assertNotEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { unzipSync } from "fflate";
import { type ArchivedFile, tarGz, zipFile } from "../../../scripts/release/archives.ts";
import { createTempDirectory } from "../../support/files/temp.ts";
import { ROOT } from "./sample_release.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

const FILES: readonly ArchivedFile[] = [
  { name: "escp-1/escp", contents: bytes("program"), isExecutable: true },
  { name: "escp-1/ä.md", contents: bytes("text") },
];

describe("tarGz", () => {
  it("keeps names, contents and modes", async () => {
    await using directory = await createTempDirectory();
    const { path } = directory;
    await Deno.writeFile(`${path}/a.tar.gz`, await tarGz(FILES));
    const { success } = await new Deno.Command("tar", { args: ["-xpzf", "a.tar.gz"], cwd: path }).output();
    assertEquals(success, true);
    for (const { name, contents, isExecutable } of FILES) {
      assertEquals(await Deno.readFile(`${path}/${name}`), contents);
      assertEquals((await Deno.stat(`${path}/${name}`)).mode! & 0o777, isExecutable ? 0o755 : 0o644);
    }
  });
});

describe("zipFile", () => {
  it("keeps names and contents, and the mode of an executable", () => {
    const zip = zipFile(FILES);
    const found = unzipSync(zip);
    assertEquals(Object.entries(found), FILES.map(({ name, contents }) => [name, contents]));
    // Each entry of the directory has its attributes at 38 (APPNOTE.TXT, 4.3.12).
    const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
    const entries = [...zip.keys()].filter((at) => at + 46 < zip.length && view.getUint32(at, true) === 0x02014b50);
    assertEquals(entries.map((at) => view.getUint32(at + 38, true) >>> 16), [0o100755, 0o100644]);
  });
});

describe("archives of equal files", () => {
  it("are equal at any time in any time zone", async () => {
    const code = `import { tarGz, zipFile } from "./scripts/release/archives.ts";
      const files = [{ name: "a", contents: new Uint8Array(9), isExecutable: true }];
      console.log((await tarGz(files)).toHex(), zipFile(files).toHex());`;
    const outputs = await Promise.all(["UTC", "Asia/Tokyo", "America/Los_Angeles"].map(async (TZ) => {
      const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["eval", code], cwd: ROOT, env: { TZ } })
        .output();
      return new TextDecoder().decode(stdout);
    }));
    assertNotEquals(outputs[0], "");
    assertEquals(outputs, outputs.map(() => outputs[0]));
  });
});
