import { assert, assertEquals } from "@std/assert";
import { exists } from "@std/fs/exists";
import { describe, it } from "@std/testing/bdd";
import { CodeFlag } from "../../../scripts/release/code_signature.ts";
import { Cpu, machOProblem, parseMachO } from "../../../scripts/release/mach_o.ts";
import { executableName } from "../../../src/bootstrap/system.ts";
import { VERSION } from "../../../src/cli/version.ts";
import { machOFile, type MachOOptions, PAGE } from "./sample_mach_o.ts";
import { ROOT } from "./sample_release.ts";

describe("a Mach-O executable", () => {
  it("is valid for arm64 with a signature, and for x64 also without one", () => {
    assertEquals(machOProblem(machOFile()), undefined);
    assertEquals(machOProblem(machOFile({ cpu: Cpu.x64 })), undefined);
    assertEquals(machOProblem(machOFile({ cpu: Cpu.x64, unsigned: true })), undefined);
    assertEquals(machOProblem(machOFile({ unsigned: true })), "it has no signature");
  });

  it("is refused if a byte of any page differs from its hash", () => {
    const { signature } = parseMachO(machOFile());
    for (const [at, page] of [[PAGE - 1, 0], [PAGE, 1], [signature!.offset - 1, 2]]) {
      const file = machOFile();
      file[at] ^= 1;
      assertEquals(machOProblem(file), `page ${page} differs from its hash in the signature`);
    }
  });

  const REFUSED: Record<string, MachOOptions> = {
    "its signature is not ad-hoc": { flags: CodeFlag.linkerSigned },
    "its signature has no identifier": { identifier: "" },
    "its signature does not cover the file up to the signature": { limit: PAGE },
    "its signature is not by SHA-256": { hashType: 1 },
    "its last segment does not end at the end of the file": { appended: 1 },
    "its commands overlap section __text": { textAt: 64 },
    "segment __LINKEDIT does not start where the previous one ends": { gap: 1 },
    "the starts of functions is outside of __LINKEDIT, or overlaps the signature": { functionStarts: 8 },
  };
  for (const [problem, options] of Object.entries(REFUSED)) {
    it(`is refused if ${problem}`, () => assertEquals(machOProblem(machOFile(options)), problem));
  }

  it("is refused if it is cut anywhere", () => {
    const file = machOFile();
    for (let end = 0; end < file.length; end += 7) assert(machOProblem(file.slice(0, end)), `cut at byte ${end}`);
  });
});

const hasBinary = Deno.env.has("ESCP_BINARY");
const why = hasBinary ? "" : " (skipped: no ESCP_BINARY)";

describe("the executables for macOS of the release", () => {
  for (const [system, cpu] of [["macos-x64", Cpu.x64], ["macos-arm64", Cpu.arm64]] as const) {
    const path = `${ROOT}/dist/${executableName(VERSION, system)}`;
    it(`${system} has a valid layout, and a valid signature if the system requires one${why}`, {
      ignore: !hasBinary,
    }, async () => {
      assert(await exists(path), `no ${path}`);
      const file = await Deno.readFile(path);
      assertEquals(machOProblem(file), undefined);
      const { cpu: found, sections } = parseMachO(file);
      assertEquals(found, cpu);
      // `deno compile` adds a section for arm64. For x64 it appends to the names of symbols.
      assertEquals(sections.filter(({ name }) => name === "d3n0l4nd").length, cpu === Cpu.arm64 ? 1 : 0);
    });
  }
});
