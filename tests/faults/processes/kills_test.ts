import { assert, assertEquals } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { compareTrees } from "../../support/files/compare_trees.ts";
import type { RunningEscp } from "../../support/escp/escp_command.ts";
import { killOthers, notedBytes, presentBytes, untilTrue } from "../../support/escp/interruptions.ts";
import { lastEvent } from "../../support/escp/json_events.ts";
import { RandomBytes } from "../../support/files/random_bytes.ts";
import { describeWithScene, rotatingVariants, type Variant, variantName } from "../../support/scene.ts";
import type { TreeEntry } from "../../support/files/temp_tree.ts";
import { temporaryFiles } from "../../support/escp/temporary_files.ts";

const MIB = 1 << 20;
const OLD = new Date("2001-02-03T04:05:06Z");
/** Kilobits per second: a quarter of a second per MiB leaves time to kill after the journals are started. */
const SLOW = ["-r", "-l", "32000", "--retries", "0"];
const SMALL = 300;
const SMALL_BYTES = 10_000;
const LARGE = 3;
const LARGE_BYTES = 5 * MIB;
const TOTAL = SMALL * SMALL_BYTES + LARGE * LARGE_BYTES;
/** Maximum number of bytes that are in place but not in a record yet. */
const UNDER_WAY = MIB;

describeWithScene("a copy", (scene) => {
  let source: string;
  beforeAll(async () => {
    const entry = (size: number, name: string): [string, TreeEntry] => [name, { size, seed: name, mtime: OLD }];
    source = await scene.tree({
      ...Object.fromEntries(Array.from({ length: SMALL }, (_, index) => entry(SMALL_BYTES, `small/${index}`))),
      ...Object.fromEntries(Array.from({ length: LARGE }, (_, index) => entry(LARGE_BYTES, `large ${index}`))),
    });
  });

  const KILLS: [who: string, kill: (running: RunningEscp) => Promise<void>][] = [
    ["the client", (running) => Promise.resolve(running.kill("SIGKILL"))],
    ["the remote end", (running) => killOthers(scene, running, /--receiver/)],
    ["ssh", (running) => killOthers(scene, running, /^\S*ssh /)],
  ];
  for (const [index, [who, kill]] of KILLS.entries()) {
    for (const variant of rotatingVariants(index)) {
      if (variant.direction === "local" && who === "ssh") continue;
      it(`sends only the missing bytes after ${who} was killed at a random instant: ${variantName(variant)}`, async () => {
        const random = new RandomBytes(`kill ${who} ${variantName(variant)}`);
        const to = await scene.tree();
        await killedAt(variant, to, kill, 1 + random.below(Math.floor(TOTAL * 0.7)));
        const missing = TOTAL - presentBytes(to) - notedBytes(to);
        const { code, stdout, stderr } = await copyAgain(variant, to);
        assertEquals([code, stderr], [0, ""]);
        const { bytes, resumed } = lastEvent(stdout);
        const sent = bytes - resumed;
        assert(sent <= missing * 1.1 + UNDER_WAY, `${sent} bytes were sent, ${missing} were missing`);
        // A killed process cannot remove the small files in progress.
        assertEquals(
          (await compareTrees(source, to)).filter((line) => !/\.escp-[^/]*\.part: not expected/.test(line)),
          [],
        );
        assertEquals(temporaryFiles(to).filter((path) => !path.endsWith(".part")), []);
      });
    }
  }

  /** Kills after this many bytes are in place or in a journal. */
  async function killedAt(variant: Variant, to: string, kill: (running: RunningEscp) => Promise<void>, bytes: number) {
    await using running = await scene.start(variant, { flags: SLOW, sources: [`${source}/.`], target: to });
    await untilTrue(() => presentBytes(to) + notedBytes(to) >= bytes, running);
    await kill(running);
    const { code, stderr } = await running.result;
    assert(code !== 0, stderr);
    await scene.sshd.waitForNoSession();
  }

  function copyAgain(variant: Variant, to: string) {
    return scene.copy(variant, { flags: ["-r", "--json"], sources: [`${source}/.`], target: to });
  }
});
