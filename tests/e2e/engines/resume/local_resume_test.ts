import { assert, assertEquals, assertMatch } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { hasSameBytes } from "../../../../src/native/libc/same_bytes.ts";
import {
  assertSame,
  notedBytes,
  sentBytes,
  takenBytes,
  turn,
  untilNoted,
  writeLargeFile,
} from "../../../support/escp/interruptions.ts";
import { isRunning } from "../../../support/processes.ts";
import { describeWithScene, ENGINES, type Variant, variantName } from "../../../support/scene.ts";
import { recordsOf } from "../../../support/escp/state.ts";
import { partialFile, temporaryFiles } from "../../../support/escp/temporary_files.ts";

const MIB = 1 << 20;

const ignore = !ENGINES.includes("native");

describeWithScene("an interrupted local copy", { ignore }, (scene) => {
  const local: Variant = { direction: "local", engine: "native", streams: 4 };
  // Large enough to interrupt most copies at full speed, because a rate limit would prevent local copies.
  const size = 256 * MIB;
  let large: string;
  beforeAll(async () => {
    env = { HOME: scene.sshd.home };
    large = await scene.tree();
    await writeLargeFile(`${large}/big`, size);
  });

  /** Lets a local copy use the same state directory as the receiver of a push. */
  let env: Record<string, string>;

  /** Starts a copy and interrupts it. On a busy machine the copy may end before: then starts another one. */
  async function stopped(to: string, signal: Deno.Signal): Promise<void> {
    const flags = ["--remote-log", `${large}/log`];
    for (;;) {
      await using running = await scene.start(local, { sources: [`${large}/big`], target: `${to}/big`, flags, env });
      let ended = false;
      running.result.finally(() => ended = true).catch(() => {});
      while (!ended && takenBytes(to) < 32 * MIB) await turn();
      if (isRunning(running.pid)) running.kill(signal);
      const { code, stderr } = await running.result;
      if (partialFile(to) !== undefined) break;
      assertEquals(code, 0, stderr);
      await Deno.remove(`${to}/big`);
    }
    assertMatch(await Deno.readTextFile(`${large}/log`), /copied directly from the open files of the client/);
    // The lock is free after the receiver has closed the journal.
    const [journal] = recordsOf(to).filter(({ kind }) => kind === "journal");
    using lock = await Deno.open(journal.path);
    await lock.lock(true);
    assertEquals(notedBytes(to), 0);
  }

  /** Resumes at full speed and returns the number of bytes sent. */
  async function resume(variant: Variant, to: string, flags: string[] = []): Promise<number> {
    const copy = { sources: [`${large}/big`], target: `${to}/big`, flags: ["--json", ...flags], env };
    const { code, stderr, stdout } = await scene.copy(variant, copy);
    assertEquals(code, 0, stderr);
    await assertSame(`${large}/big`, `${to}/big`);
    assertEquals([temporaryFiles(to), recordsOf(to)], [[], []]);
    await Deno.remove(`${to}/big`);
    return sentBytes(stdout);
  }

  /** Returns the offsets of pieces that the partial file has in common with the source. */
  async function presentPieces(to: string): Promise<number[]> {
    const [from, partial] = await Promise.all([`${large}/big`, partialFile(to)!].map((path) => Deno.readFile(path)));
    const isPresent = (at: number) => hasSameBytes(from.subarray(at), partial.subarray(at), MIB);
    return Array.from({ length: size / MIB }, (_, index) => index * MIB).filter(isPresent);
  }

  for (const [signal, ...flags] of [["SIGKILL"], ["SIGINT", "--sparse"]] as [Deno.Signal, ...string[]][]) {
    it(`continues after ${signal} and copies damaged bytes again${flags.map((flag) => ` (${flag})`).join("")}`, async () => {
      const to = await scene.tree();
      await stopped(to, signal);
      const missing = size - takenBytes(to);
      const pieces = await presentPieces(to);
      const damaged = pieces[pieces.length >> 1];
      {
        using partial = await Deno.open(partialFile(to)!, { write: true });
        partial.seekSync(damaged + 4711, Deno.SeekMode.Start);
        partial.writeSync(new TextEncoder().encode("damaged"));
      }
      const sent = await resume(local, to, flags);
      assertEquals(sent, size - (pieces.length - 1) * MIB);
      // Each stream may have stopped within a piece.
      const torn = (local.streams + 1) * MIB;
      assert(sent <= missing * 1.1 + torn, `${sent} bytes were sent, ${missing} were missing`);
    });
  }

  it("starts over if the receiver cannot compare: through ssh, with the portable engine, or at a limited rate", async () => {
    const others: [Variant, string[]][] = [
      [{ direction: "push", engine: "native", streams: 4 }, []],
      ...ENGINES.filter((engine) => engine === "portable")
        .map((engine): [Variant, string[]] => [{ direction: "local", engine, streams: 4 }, []]),
      [local, ["-l", "100000000"]],
    ];
    for (const [variant, flags] of others) {
      const to = await scene.tree();
      await stopped(to, "SIGKILL");
      assertEquals(await resume(variant, to, flags), size, `${variantName(variant)} ${flags}`);
    }
  });

  it("continues a copy that was started through ssh", async () => {
    const to = await scene.tree();
    const variant: Variant = { direction: "push", engine: "native", streams: 4 };
    const slow = { sources: [`${large}/big`], target: `${to}/big`, flags: ["-l", "200000", "--retries", "0"] };
    await using running = await scene.start(variant, slow);
    await untilNoted(to, 6 * MIB, running);
    running.kill("SIGKILL");
    await running.result;
    await scene.sshd.waitForNoSession();
    const noted = notedBytes(to);
    assert(await resume(local, to) <= size - noted);
  });
});
