import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { TARGETS } from "../../scripts/targets.ts";

/** Returns the first bytes of an executable by the specification of its format. */
const HEADS: Record<string, [offset: number, bytes: number[]][]> = {
  "linux-x64": [[0, [0x7f, 0x45, 0x4c, 0x46]], [18, [62, 0]]],
  "linux-arm64": [[0, [0x7f, 0x45, 0x4c, 0x46]], [18, [183, 0]]],
  "macos-x64": [[0, [0xcf, 0xfa, 0xed, 0xfe, 7, 0, 0, 1]]],
  "macos-arm64": [[0, [0xcf, 0xfa, 0xed, 0xfe, 0x0c, 0, 0, 1]]],
  "windows-x64": [[0, [0x4d, 0x5a]], [0x3c, [0x80]], [0x80, [0x50, 0x45, 0, 0, 0x64, 0x86]]],
};

function headOf(system: string): Uint8Array {
  const head = new Uint8Array(512);
  for (const [offset, bytes] of HEADS[system]) head.set(bytes, offset);
  return head;
}

describe("the systems of a release", () => {
  for (const { system, matches } of TARGETS) {
    it(`${system} is recognized by the first bytes of its executables`, () => {
      const accepted = Object.keys(HEADS).filter((other) => matches(headOf(other)));
      assertEquals(accepted, [system]);
      assert(!matches(new Uint8Array(512)));
    });
  }

  it("the running Deno is an executable of its system", async () => {
    const head = new Uint8Array(512);
    using file = await Deno.open(Deno.execPath());
    await file.read(head);
    const own = TARGETS.find(({ triple }) => triple === Deno.build.target);
    if (own) assert(own.matches(head));
  });
});
