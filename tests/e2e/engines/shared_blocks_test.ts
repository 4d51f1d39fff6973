import { assert, assertEquals } from "@std/assert";
import { it } from "@std/testing/bdd";
import { equals } from "../../../src/bytes.ts";
import { lastEvent } from "../../support/escp/json_events.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";
import { mountSharingDisk, sharingDiskProblem } from "../../support/files/sharing_disk.ts";
import { describeWithScene, variantName, VARIANTS } from "../../support/scene.ts";

const MIB = 1 << 20;
const NATIVE = VARIANTS.filter(({ direction, engine }) => direction !== "local" && engine !== "portable");

describeWithScene(
  "a delta transfer on a file system whose files share blocks",
  { inProcess: true, ignore: sharingDiskProblem !== undefined },
  (scene) => {
    for (const variant of NATIVE) {
      it(`takes space for changed parts only (${variantName(variant)})`, async () => {
        await using disk = await mountSharingDisk();
        const old = randomBytes(64 * MIB, 1);
        const bytes = old.slice();
        bytes[40 * MIB] ^= 0xff;
        const [from, to] = [`${disk.path}/from`, `${disk.path}/to`];
        await Deno.writeFile(from, bytes);
        await Deno.writeFile(to, old);
        await Deno.utime(from, 1e9, 1e9);
        const before = await disk.used();
        // The backup keeps the old file, so that its blocks stay in use.
        const { code, stdout, stderr } = await scene.copy(variant, {
          flags: ["--json", "-u", "--backup"],
          sources: [from],
          target: to,
        });
        assertEquals([code, stderr], [0, ""]);
        assert(equals(await Deno.readFile(to), bytes), "other bytes");
        assert(equals(await Deno.readFile(`${to}~`), old), "other bytes in the backup");
        assertEquals(lastEvent(stdout).reused, 64 * MIB - 4096);
        const taken = await disk.used() - before;
        assert(taken < 8 * MIB, `${taken} more bytes in use`);
      });
    }
  },
);
