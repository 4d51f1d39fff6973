import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { delay } from "@std/async/delay";
import { it } from "@std/testing/bdd";
import { equals } from "../../../src/bytes.ts";
import { eachAtOnce } from "../../support/each_at_once.ts";
import { despiteStalls } from "../../support/escp/despite_stalls.ts";
import { escpCommand, runEscp, type RunningEscp, startEscp } from "../../support/escp/escp_command.ts";
import { makeFifo } from "../../support/files/fifo.ts";
import { listNames } from "../../support/files/list_names.ts";
import { isRunning } from "../../support/processes.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";
import { describeWithScene, rotatingVariants, type Variant, variantName, VARIANTS } from "../../support/scene.ts";

/** Sizes of a file in a pack and of a file in ranges. */
const SMALL = 5;
const LARGE = (3 << 20) + 1;
/** Value of --timeout, in seconds. Leaves time for a login on a busy machine. */
const TIMEOUT = 4;
/** Longer than the timeout. In seconds. */
const PAUSE = 6;
const WAITING = /waiting for a reader of "[^"]*fifo"/;

describeWithScene("a FIFO as the target", (scene) => {
  /** Makes a source of this size and a FIFO. */
  async function tree(size: number): Promise<{ source: string; fifo: string; bytes: Uint8Array }> {
    const bytes = randomBytes(size, size);
    const path = await scene.tree({ "source": bytes });
    makeFifo(`${path}/fifo`);
    return { source: `${path}/source`, fifo: `${path}/fifo`, bytes };
  }

  /** Starts a copy into a FIFO and returns after its note. */
  async function begin(
    variant: Variant,
    size: number,
    flags: string[] = [],
  ): Promise<{ running: RunningEscp; fifo: string }> {
    const { source, fifo } = await tree(size);
    const running = await scene.start(variant, { flags, sources: [source], target: fifo });
    await running.waitForText("stderr", WAITING);
    return { running, fifo };
  }

  for (const variant of VARIANTS) {
    for (const size of [0, SMALL, LARGE]) {
      it(`waits for a reader with a note and receives ${size} bytes: ${variantName(variant)}`, async () => {
        const { source, fifo, bytes } = await tree(size);
        // Without -C the receiver opens the file of the client.
        const flags = variant.direction === "local" && size === LARGE ? ["-C"] : [];
        await using running = await scene.start(variant, { flags, sources: [source], target: fifo });
        await running.waitForText("stderr", WAITING);
        const read = await Deno.readFile(fifo);
        const { code, stderr } = await running.result;
        assertEquals(code, 0, stderr);
        assert(equals(read, bytes));
        assertEquals(stderr.match(/waiting/g)?.length, 1, stderr);
      });
    }

    it(`without a reader is abandoned on Ctrl-C: ${variantName(variant)}`, async () => {
      const { running } = await begin(variant, LARGE);
      await using _ = running;
      running.kill("SIGINT");
      const { code, stderr, leftBehind } = await running.result;
      assertEquals(code, 130, stderr);
      assertEquals(await leftBehind(), []);
      await scene.sshd.waitForNoSession();
    });
  }

  for (const variant of rotatingVariants(0).filter(({ direction }) => direction === "push")) {
    for (const size of [SMALL, LARGE]) {
      it(`without a reader does not keep the remote end after the client is killed, ${size} bytes: ${variantName(variant)}`, async () => {
        const { running } = await begin(variant, size);
        await using _ = running;
        running.kill("SIGKILL");
        await running.result;
        await scene.sshd.waitForNoSession();
      });
    }
  }

  it("receives a large file of a local copy that the native engine shares", async () => {
    const { source, fifo, bytes } = await tree(LARGE);
    await using running = await scene.start({ direction: "local", engine: "native", streams: 4 }, {
      sources: [source],
      target: fifo,
    });
    await running.waitForText("stderr", WAITING);
    assert(equals(await Deno.readFile(fifo), bytes));
    assertEquals((await running.result).code, 0);
  });

  it("receives all bytes in each direction if its reader pauses longer than --timeout", async () => {
    const copyWithPause = async (variant: Variant) => {
      const { source, fifo, bytes } = await tree(12 << 20);
      const copy = { flags: ["--timeout", `${TIMEOUT}`, "-C"], sources: [source], target: fifo };
      await using running = await scene.start(variant, copy);
      using file = await Deno.open(fifo);
      await delay(PAUSE * 1_000);
      assert(isRunning(running.pid), running.printed.stderr);
      const read = await new Response(file.readable).bytes();
      const { code, stderr } = await running.result;
      assertEquals(code, 0, stderr);
      assert(equals(read, bytes));
    };
    await eachAtOnce(rotatingVariants(0), variantName, (variant) => despiteStalls(() => copyWithPause(variant)));
  });

  for (const variant of rotatingVariants(0)) {
    it(`whose reader exits is one failed path: ${variantName(variant)}`, async () => {
      const { source, fifo } = await tree(LARGE);
      await using running = await scene.start(variant, { sources: [source], target: fifo });
      const file = await Deno.open(fifo);
      await file.read(new Uint8Array(1));
      file.close();
      const { code, stderr } = await running.result;
      assertEquals(code, 1, stderr);
      assertMatch(stderr, /^escp: Cannot write "[^"]*fifo": Broken pipe$/m);
    });
  }

  it("of a copy between two other hosts waits for a reader with a note and receives all bytes", async () => {
    const { source, fifo, bytes } = await tree(LARGE);
    await using running = await startEscp([...scene.sshd.sshOptions, `testhost:${source}`, `testhost2:${fifo}`]);
    await running.waitForText("stderr", WAITING);
    assert(equals(await Deno.readFile(fifo), bytes));
    const { code, stderr } = await running.result;
    assertEquals(code, 0, stderr);
  });

  it("without a reader is reported as a JSON note", async () => {
    const { running, fifo } = await jsonCopy();
    await using _ = running;
    await running.waitForText("stdout", /"event":"note","message":"waiting for a reader of/);
    await Deno.readFile(fifo);
    assertEquals((await running.result).code, 0);
  });

  async function jsonCopy(): Promise<{ running: RunningEscp; fifo: string }> {
    const { source, fifo } = await tree(SMALL);
    const [variant] = rotatingVariants(0);
    return { running: await scene.start(variant, { flags: ["--json"], sources: [source], target: fifo }), fifo };
  }
});

describeWithScene("a FIFO or device as a source", (scene) => {
  for (const variant of VARIANTS) {
    it(`is refused without opening it: ${variantName(variant)}`, async () => {
      const path = await scene.tree();
      makeFifo(`${path}/fifo`);
      await using writer = await blockedIn(`exec 3>${path}/fifo`);
      for (const source of [`${path}/fifo`, "/dev/tty", "/dev/zero"]) {
        const { code, stderr } = await scene.copy(variant, { sources: [source], target: `${path}/copy` });
        assertEquals(code, 1, stderr);
        assertStringIncludes(stderr, `"${source}": not a regular file`);
      }
      assert(writer.isBlocked());
    });

    it(`in a tree is never opened: ${variantName(variant)}`, async () => {
      const path = await scene.tree({ "from/file": "x" });
      makeFifo(`${path}/from/read`);
      makeFifo(`${path}/from/written`);
      await using writer = await blockedIn(`exec 3>${path}/from/read`);
      await using reader = await blockedIn(`exec 3<${path}/from/written`);
      const { code, stderr } = await scene.copy(variant, {
        flags: ["-r"],
        sources: [`${path}/from`],
        target: `${path}/to`,
      });
      assertEquals(code, 0, stderr);
      assertEquals(listNames(`${path}/to`), ["file"]);
      assert(writer.isBlocked());
      assert(reader.isBlocked());
    });
  }
});

describeWithScene("/dev/stdout as the target", (scene) => {
  for (const target of ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"]) {
    it(`is standard output of escp: ${target}`, async () => {
      const path = await scene.tree({ "file": "printed" });
      for (const variant of rotatingVariants(0).filter(({ direction }) => direction !== "push")) {
        const { code, stdout, stderr } = await scene.copy(variant, { sources: [`${path}/file`], target });
        assertEquals({ code, stdout, stderr }, { code: 0, stdout: "printed", stderr: "" }, variantName(variant));
      }
    });

    it(`on another host is refused: ${target}`, async () => {
      const path = await scene.tree({ "file": "x" });
      for (const variant of VARIANTS.filter(({ direction }) => direction === "push")) {
        const { code, stderr } = await scene.copy(variant, { sources: [`${path}/file`], target });
        assertEquals(code, 1, stderr);
        assertMatch(stderr, new RegExp(`Cannot write "${target}": it is the connection to the client`));
      }
    });
  }

  it("receives all bytes if its reader pauses longer than --timeout", async () => {
    const bytes = randomBytes(12 << 20, 4);
    const path = await scene.tree({ "file": bytes });
    const pulls = VARIANTS.filter(({ direction }) => direction === "pull");
    const copyWithPause = async (variant: Variant) => {
      const out = `${path}/${pulls.indexOf(variant)}`;
      const args = scene.args(variant, { flags: ["--timeout", `${TIMEOUT}`], sources: [`${path}/file`], target: "" });
      const command = ["sh", "-c", `"$@" | (sleep ${PAUSE}; cat >${out})`, "sh", ...escpCommand()];
      const { code, stderr } = await runEscp([...args.slice(0, -1), "-"], { command });
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assert(equals(await Deno.readFile(out), bytes));
    };
    await eachAtOnce(pulls, variantName, (variant) => despiteStalls(() => copyWithPause(variant)));
  });
});

/** Starts a shell that blocks in opening one end of a FIFO until a process opens the opposite end. */
async function blockedIn(script: string): Promise<AsyncDisposable & { isBlocked(): boolean }> {
  const child = new Deno.Command("sh", { args: ["-c", script], stdin: "null" }).spawn();
  const ended = child.status;
  // There is no event for a process that blocks in open(2).
  while (!/^(?:2|56|257) 0x/.test(await Deno.readTextFile(`/proc/${child.pid}/syscall`).catch(() => ""))) {
    await delay(5);
  }
  return {
    isBlocked: () => isRunning(child.pid),
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch {
        // The shell has exited.
      }
      await ended;
    },
  };
}
