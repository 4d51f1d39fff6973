import { assert, assertEquals, assertMatch } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { hasSameBytes } from "../../../src/native/libc/same_bytes.ts";
import {
  assertSame,
  notedBytes,
  sentBytes,
  takenBytes,
  untilNoted,
  untilTrue,
  writeLargeFile,
} from "../../support/interruptions.ts";
import { describeWithScene, ENGINES, type Variant, variantName } from "../../support/scene.ts";
import { recordsOf } from "../../support/state.ts";
import { partialFile, temporaryFiles } from "../../support/temporary_files.ts";

const MIB = 1 << 20;

const ignore = !ENGINES.includes("native");

describeWithScene("a copy on one machine that was interrupted", { ignore }, (scene) => {
  const local: Variant = { direction: "local", engine: "native", streams: 4 };
  // So large that it is seen on its way: nothing slows it down.
  const size = 256 * MIB;
  let large: string;
  beforeAll(async () => {
    env = { HOME: scene.sshd.home };
    large = await scene.tree();
    await writeLargeFile(`${large}/big`, size);
  });

  /** As on one machine the receiver of a push has the state directory of a local copy. */
  let env: Record<string, string>;

  /** Begins a copy and stops it on its way. */
  async function stopped(to: string, signal: Deno.Signal): Promise<void> {
    const flags = ["--remote-log", `${large}/log`];
    await using running = await scene.start(local, { sources: [`${large}/big`], target: `${to}/big`, flags, env });
    await untilTrue(() => takenBytes(to) >= 32 * MIB, running);
    running.kill(signal);
    await running.result;
    assertMatch(await Deno.readTextFile(`${large}/log`), /copied directly from the open files of the client/);
    // The other end has closed the journal when it can be locked.
    const [journal] = recordsOf(to).filter(({ kind }) => kind === "journal");
    using lock = await Deno.open(journal.path);
    await lock.lock(true);
    assertEquals(notedBytes(to), 0);
  }

  /** Goes on at full speed. Returns what was sent. */
  async function goOn(variant: Variant, to: string, flags: string[] = []): Promise<number> {
    const copy = { sources: [`${large}/big`], target: `${to}/big`, flags: ["--json", ...flags], env };
    const { code, stderr, stdout } = await scene.copy(variant, copy);
    assertEquals(code, 0, stderr);
    await assertSame(`${large}/big`, `${to}/big`);
    assertEquals([temporaryFiles(to), recordsOf(to)], [[], []]);
    await Deno.remove(`${to}/big`);
    return sentBytes(stdout);
  }

  /** Where the partial file has a piece of the source: the first byte of each. */
  async function piecesThere(to: string): Promise<number[]> {
    const [from, there] = await Promise.all([`${large}/big`, partialFile(to)!].map((path) => Deno.readFile(path)));
    const isThere = (at: number) => hasSameBytes(from.subarray(at), there.subarray(at), MIB);
    return Array.from({ length: size / MIB }, (_, index) => index * MIB).filter(isThere);
  }

  for (const [signal, ...flags] of [["SIGKILL"], ["SIGINT", "--sparse"]] as [Deno.Signal, ...string[]][]) {
    it(`goes on after ${signal}, and copies damaged bytes again${flags.map((flag) => ` (${flag})`).join("")}`, async () => {
      const to = await scene.tree();
      await stopped(to, signal);
      const missing = size - takenBytes(to);
      const pieces = await piecesThere(to);
      const damaged = pieces[pieces.length >> 1];
      {
        using partial = await Deno.open(partialFile(to)!, { write: true });
        partial.seekSync(damaged + 4711, Deno.SeekMode.Start);
        partial.writeSync(new TextEncoder().encode("damaged"));
      }
      const sent = await goOn(local, to, flags);
      assertEquals(sent, size - (pieces.length - 1) * MIB);
      // Each stream may have been stopped in the middle of a piece.
      const torn = (local.streams + 1) * MIB;
      assert(sent <= missing * 1.1 + torn, `${sent} bytes were sent, ${missing} were missing`);
    });
  }

  it("starts over where nobody can compare: through ssh, with the other engine, or at a limited speed", async () => {
    const others: [Variant, string[]][] = [
      [{ direction: "push", engine: "native", streams: 4 }, []],
      ...ENGINES.filter((engine) => engine === "portable")
        .map((engine): [Variant, string[]] => [{ direction: "local", engine, streams: 4 }, []]),
      [local, ["-l", "100000000"]],
    ];
    for (const [variant, flags] of others) {
      const to = await scene.tree();
      await stopped(to, "SIGKILL");
      assertEquals(await goOn(variant, to, flags), size, `${variantName(variant)} ${flags}`);
    }
  });

  it("goes on with what came through ssh, as far as it was noted there or can be found", async () => {
    const to = await scene.tree();
    const variant: Variant = { direction: "push", engine: "native", streams: 4 };
    const slow = { sources: [`${large}/big`], target: `${to}/big`, flags: ["-l", "200000", "--retries", "0"] };
    await using running = await scene.start(variant, slow);
    await untilNoted(to, 6 * MIB, running);
    running.kill("SIGKILL");
    await running.result;
    await scene.sshd.waitForNoSession(10_000);
    const noted = notedBytes(to);
    assert(await goOn(local, to) <= size - noted);
  });
});
