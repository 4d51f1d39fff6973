import { assert, assertEquals } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { it } from "@std/testing/bdd";
import { stub } from "@std/testing/mock";
import { equals } from "../../../src/bytes.ts";
import { DeltaRates } from "../../../src/transfer/send/delta/delta_rates.ts";
import { lastEvent } from "../../support/escp/json_events.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";
import { describeWithScene, type Variant, variantName, VARIANTS } from "../../support/scene.ts";

const MIB = 1 << 20;
const OLD = randomBytes(9 * MIB + 777, 1);
/** Copies on one machine have no delta. */
const REMOTE = VARIANTS.filter(({ direction }) => direction !== "local");

/** Returns the bytes with others at some offsets. */
function changed(offsets: readonly number[]): Uint8Array {
  const bytes = OLD.slice();
  for (const at of offsets) bytes[at] ^= 0xff;
  return bytes;
}

/** Returns the bytes with some of them inserted. */
function inserted(at: number, count: number): Uint8Array {
  return concat([OLD.subarray(0, at), randomBytes(count, 2), OLD.subarray(at)]);
}

describeWithScene("a delta transfer", { inProcess: true }, (scene) => {
  /** Copies a file over its old version. */
  async function update(variant: Variant, bytes: Uint8Array, flags: string[], old = OLD) {
    const tree = await scene.tree({ "from/f": "", "to/f": "" });
    const [from, to] = [`${tree}/from/f`, `${tree}/to/f`];
    await Deno.writeFile(from, bytes);
    await Deno.writeFile(to, old);
    await Deno.utime(from, 1e9, 1e9);
    const { ino } = await Deno.stat(to);
    const { code, stdout, stderr } = await scene.copy(variant, {
      flags: ["--json", ...flags],
      sources: [from],
      target: to,
    });
    assertEquals([code, stderr], [0, ""], `${flags}`);
    assert(equals(await Deno.readFile(to), bytes), `${flags}: other bytes`);
    const { reused = 0, wireBytes, files } = lastEvent(stdout);
    return { reused, wireBytes, files, isSameFile: (await Deno.stat(to)).ino === ino };
  }

  for (const variant of REMOTE) {
    it(`sends changed parts only (${variantName(variant)})`, async () => {
      for (
        const flags of [["-u"], ["--checksum"], ["-a", "-u"], ["-u", "-C"], ["-u", "--verify"], ["-u", "--backup"]]
      ) {
        const { reused, wireBytes, files } = await update(variant, changed([0, 5 * MIB, OLD.length - 1]), flags);
        assertEquals([files, reused], [1, OLD.length - 2 * 4096 - 777], `${flags}`);
        assert(wireBytes < 40_000, `${flags}: ${wireBytes} bytes sent`);
      }
    });

    it(`finds moved parts (${variantName(variant)})`, async () => {
      for (const [at, count] of [[0, 1], [10, 10], [3 * MIB + 5, 100_000], [OLD.length, 1]]) {
        const { reused, wireBytes } = await update(variant, inserted(at, count), ["-u"]);
        assert(reused > OLD.length - 3 * 4096, `${reused} bytes reused`);
        assert(wireBytes < count + 40_000, `${wireBytes} bytes sent`);
      }
      const shorter = await update(variant, OLD.slice(100_000), ["-u"]);
      assert(shorter.reused > OLD.length - 2 * 100_000);
    });

    it(`changes only parts of a file in place with --inplace (${variantName(variant)})`, async () => {
      const same = await update(variant, changed([5 * MIB]), ["-u", "--inplace"]);
      // The old file is compared in whole blocks of 4 KiB.
      assertEquals(same, { ...same, reused: OLD.length - 4096 - 777, isSameFile: true });
      const moved = await update(variant, inserted(5 * MIB, 1), ["-u", "--inplace"]);
      assertEquals(moved.isSameFile, true);
      assert(moved.reused >= 5 * MIB - 4096 && moved.reused <= 5 * MIB, `${moved.reused} bytes reused`);
      assertEquals((await update(variant, OLD.slice(0, 6 * MIB), ["-u", "--inplace"])).reused, 6 * MIB);
    });

    it(`extends a file in place with --inplace (${variantName(variant)})`, async () => {
      const old = randomBytes(33 * MIB, 5);
      const bytes = concat([randomBytes(16 * MIB, 6), old.subarray(16 * MIB), randomBytes(31 * MIB, 7)]);
      const { reused, isSameFile } = await update(variant, bytes, ["-u", "--inplace", "-t", "4"], old);
      assertEquals([reused, isSameFile], [17 * MIB, true]);
    });

    it(`updates a file with many changes that move what follows (${variantName(variant)})`, async () => {
      const old = randomBytes(100 * MIB, 8);
      // Of each MiB a part is left.
      const parts = Array.from({ length: 100 }, (_, at) => old.subarray(at * MIB + 77, at * MIB + 77 + (600 << 10)));
      const { reused } = await update(variant, concat(parts), ["-u"], old);
      assert(reused > 40 * MIB, `${reused} bytes reused`);
    });

    it(`sends files whole with --whole-file, without -u, and below 4 MiB (${variantName(variant)})`, async () => {
      for (const flags of [["-u", "--whole-file"], ["-u", "-W"], [], ["-p"]]) {
        assertEquals((await update(variant, changed([1]), flags)).reused, 0, `${flags}`);
      }
      const small = OLD.slice(0, 4 * MIB - 1);
      assertEquals((await update(variant, small, ["-u"], OLD.slice(1, 4 * MIB))).reused, 0);
    });

    it(`writes holes with --sparse (${variantName(variant)})`, async () => {
      const bytes = OLD.slice();
      bytes.fill(0, 2 * MIB, 6 * MIB);
      const { reused } = await update(variant, bytes, ["-u", "--sparse"]);
      assertEquals(reused, OLD.length - 4 * MIB - 777);
    });
  }
});

type Work = Parameters<DeltaRates["end"]>[0];

/** Factors by which measured bytes are multiplied. A rate is known after 64 MiB. */
const MODEST = 2 ** 6;
/** More than the speeds of links and disks differ. */
const HUGE = 2 ** 30;

/** The test multiplies the bytes of real work, so that the speed of the machine does not decide. */
describeWithScene(
  "the measurement of a delta transfer",
  { inProcess: true, ignore: Deno.env.has("ESCP_BINARY") },
  (scene) => {
    /** Copies new files, then a changed one. @returns the bytes that were reused. */
    async function measured(variant: Variant, factors: Record<Work, number>) {
      const names = Array.from({ length: 8 }, (_, index) => `from/new ${index}`);
      const entries = names.map((name) => [name, { size: 3 * MIB }]);
      const tree = await scene.tree({ ...Object.fromEntries(entries), "from/changed": "", "to/changed": "" });
      const sources = [...names, "from/changed"].map((name) => `${tree}/${name}`);
      const bytes = changed([5 * MIB]);
      await Deno.writeFile(`${tree}/from/changed`, bytes);
      await Deno.writeFile(`${tree}/to/changed`, OLD);
      await Deno.utime(`${tree}/from/changed`, 1e9, 1e9);
      const { end } = DeltaRates.prototype;
      using _rates = stub(DeltaRates.prototype, "end", function (this: DeltaRates, work: Work, bytes: number) {
        end.call(this, work, bytes * factors[work]);
      });
      // Small enough for pieces, the first new file is sent before the changed one is opened.
      const copy = { flags: ["--json", "-u"], sources, target: `${tree}/to` };
      const { code, stdout, stderr } = await scene.copy(variant, copy);
      assertEquals([code, stderr], [0, ""]);
      assert(equals(await Deno.readFile(`${tree}/to/changed`), bytes));
      return lastEvent(stdout).reused ?? 0;
    }

    for (const variant of REMOTE.map((variant): Variant => ({ ...variant, streams: 1 }))) {
      it(`sends a file whole if the link is faster than the digests (${variantName(variant)})`, async () => {
        assertEquals(await measured(variant, { contents: HUGE, digests: MODEST, search: HUGE ** 2 }), 0);
      });

      it(`sends changed parts only if the link is slower (${variantName(variant)})`, async () => {
        const reused = await measured(variant, { contents: MODEST, digests: HUGE, search: HUGE });
        assertEquals(reused, OLD.length - 4096 - 777);
      });
    }
  },
);
