import { assert, assertEquals, assertMatch } from "@std/assert";
import { existsSync as exists } from "@std/fs/exists";
import { beforeAll, describe, it } from "@std/testing/bdd";
import { openReceiverPort } from "../session/receiver_port.ts";
import { alteredEscp, escpCommand, type RunningEscp, startEscp, useAsEscp } from "../support/escp_command.ts";
import { failingDiskProblem, mountFailingDisk } from "../support/failing_disk.ts";
import { turn, untilBegun, untilTrue } from "../support/interruptions.ts";
import {
  commandOf,
  descendantsOf,
  isRunning,
  type ProcessId,
  waitForExit,
  waitForNoProcess,
} from "../support/processes.ts";
import {
  describeWithScene,
  type Direction,
  ENGINES,
  rotatingVariants,
  type Scene,
  type Variant,
  variantName,
} from "../support/scene.ts";
import { writeWrapper } from "../support/shell_script.ts";
import { temporaryFiles } from "../support/temporary_files.ts";

const MIB = 1 << 20;
/** At this rate no copy completes during a test. */
const SLOW = ["-l", "8000", "--retries", "0"];
/** Promised: 10 s after the session, 2 s after SIGTERM, at once. These leave room for a busy machine. */
const GONE_MS = 15_000;
const STOPPED_MS = 5_000;
const AT_ONCE_MS = 1_500;
/** After this time of a copy on one machine its client listens for signals in a Worker. */
const GUARDED_MS = 500;

describeWithScene("a process whose main thread is stuck", (scene) => {
  let source: string;
  let count = 0;
  beforeAll(async () => {
    source = await scene.tree({ "large": new Uint8Array(16 * MIB) });
  });

  /** Returns an escp whose main thread can be made busy. */
  async function busyEscp(): Promise<{ path: string; makeBusy(running: RunningEscp): Promise<number> }> {
    const directory = await scene.tree();
    const [path, file] = [`${directory}/escp${count++}`, `${directory}/busy`];
    await writeWrapper(path, alteredEscp("busy.ts"), `export BUSY_WHEN='${file}'`);
    return {
      path,
      async makeBusy(running) {
        await Deno.writeTextFile(file, "");
        await untilTrue(() => exists(`${file}.busy`) && Deno.readTextFileSync(`${file}.busy`) !== "", running);
        return Number(Deno.readTextFileSync(`${file}.busy`));
      },
    };
  }

  /**
   * A slow copy whose remote end is busy when this returns.
   *
   * @param options.guarded Whether it listens for signals before it is busy. Later it cannot begin to.
   */
  async function withBusyPeer(
    variant: Variant,
    { guarded = false } = {},
  ): Promise<{ running: RunningEscp; pid: number }> {
    const { path, makeBusy } = await busyEscp();
    const to = await scene.tree();
    const flags = [...SLOW, "-D", path];
    const running = await scene.start(variant, { flags, sources: [`${source}/large`], target: `${to}/` });
    await untilBegun(to, running);
    if (guarded) await untilGuarded((await remoteEnds(scene, running))[0].pid);
    return { running, pid: await makeBusy(running) };
  }

  for (const variant of rotatingVariants(0).filter(({ direction }) => direction !== "local")) {
    it(`a busy remote end exits after its session: ${variantName(variant)}`, async () => {
      const { running, pid } = await withBusyPeer(variant);
      await using _ = running;
      running.kill("SIGKILL");
      await waitForExit(pid, GONE_MS);
      await scene.sshd.waitForNoSession();
    });

    it(`a busy remote end exits on SIGTERM: ${variantName(variant)}`, async () => {
      const { running, pid } = await withBusyPeer(variant, { guarded: true });
      await using _ = running;
      Deno.kill(pid, "SIGTERM");
      await waitForExit(pid, STOPPED_MS);
    });
  }

  it("a busy local receiver exits after its client", async () => {
    const { running } = await withBusyClient({ direction: "local", engine: "native", streams: 4 });
    await using _ = running;
    const others = await descendantsOf(running.pid);
    assert(others.length > 0);
    running.kill("SIGKILL");
    for (const other of others) await waitForExit(other, GONE_MS);
  });

  const BLOCKED: [Direction, what: string][] = [["push", "the target"], ["pull", "the source"]];
  for (const [direction, what] of BLOCKED) {
    it(`a remote end that is blocked in its first access to ${what} exits after its session: ${direction}`, {
      ignore: failingDiskProblem !== undefined,
    }, async () => {
      await using disk = await mountFailingDisk({ errno: "EIO" });
      await Deno.writeTextFile(`${disk.path}/file`, "x");
      disk.hang();
      const push = direction === "push";
      const copy = { sources: [push ? `${source}/large` : `${disk.path}/file`], target: push ? disk.path : source };
      await using running = await scene.start({ direction, engine: "native", streams: 1 }, copy);
      const [end] = await remoteEnds(scene, running);
      await untilBlocked(end.pid);
      running.kill("SIGKILL");
      await waitForExit(end, GONE_MS);
      await scene.sshd.waitForNoSession();
    });
  }

  it("both remote ends of a relay exit after their sessions if the target is blocked", {
    ignore: failingDiskProblem !== undefined,
  }, async () => {
    await using disk = await mountFailingDisk({ errno: "EIO" });
    disk.hang();
    const args = [...scene.sshd.sshOptions, `testhost:${source}/large`, `testhost2:${disk.path}`];
    await using running = await startEscp(args);
    const ends = await remoteEnds(scene, running, 2);
    await Promise.any(ends.map(({ pid }) => untilBlocked(pid)));
    running.kill("SIGKILL");
    await scene.sshd.waitForNoSession(GONE_MS);
  });

  for (const variant of rotatingVariants(1)) {
    it(`a busy client exits on SIGTERM: ${variantName(variant)}`, async () => {
      const { running } = await withBusyClient(variant);
      await using _ = running;
      running.kill("SIGTERM");
      await waitForExit(running.pid, STOPPED_MS);
      const { code, leftBehind } = await running.result;
      assertEquals(code, 130);
      await waitForNoProcess(leftBehind, GONE_MS);
      await scene.sshd.waitForNoSession(GONE_MS);
    });

    it(`a busy client exits at once on a second Ctrl-C: ${variantName(variant)}`, async () => {
      const { running } = await withBusyClient(variant);
      await using _ = running;
      running.kill("SIGINT");
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert(await isRunning(running.pid));
      running.kill("SIGINT");
      await waitForExit(running.pid, AT_ONCE_MS);
      assertEquals((await running.result).code, 130);
      await scene.sshd.waitForNoSession(GONE_MS);
    });
  }

  /** A slow copy whose client is busy; on one machine both ends are. */
  async function withBusyClient(variant: Variant): Promise<{ running: RunningEscp }> {
    const { path, makeBusy } = await busyEscp();
    const to = await scene.tree();
    using _ = useAsEscp(path);
    const running = await scene.start(variant, { flags: SLOW, sources: [`${source}/large`], target: `${to}/` });
    await untilBegun(to, running);
    await new Promise((resolve) => setTimeout(resolve, GUARDED_MS));
    await makeBusy(running);
    return { running };
  }

  const STOPS: [name: string, signals: Deno.Signal[]][] = [["SIGTERM", ["SIGTERM"]], ["a second Ctrl-C", [
    "SIGINT",
    "SIGINT",
  ]]];
  for (const [name, signals] of STOPS) {
    for (const direction of ["push", "local"] as const) {
      it(`a client that is blocked in its first access to the source exits on ${name}: ${direction}`, {
        ignore: failingDiskProblem !== undefined,
      }, async () => {
        const disk = await mountFailingDisk({ errno: "EIO" });
        await Deno.writeTextFile(`${disk.path}/file`, "x");
        disk.hang();
        const variant: Variant = { direction, engine: "native", streams: 1 };
        const copy = { sources: [`${disk.path}/file`], target: source };
        await using running = await scene.start(variant, copy);
        // Disposed of first: it may keep the process.
        await using _ = disk;
        await untilBlocked(running.pid);
        await stopWith(running, signals);
      });

      it(`a client that is blocked while it reads the source exits on ${name}: ${direction}`, {
        ignore: failingDiskProblem !== undefined,
      }, async () => {
        const disk = await mountFailingDisk({ errno: "EIO" });
        await Deno.writeFile(`${disk.path}/large`, new Uint8Array(16 * MIB));
        const to = await scene.tree();
        const variant: Variant = { direction, engine: "native", streams: 1 };
        const copy = { flags: SLOW, sources: [`${disk.path}/large`], target: `${to}/` };
        await using running = await scene.start(variant, copy);
        await using _ = disk;
        await untilBegun(to, running);
        await new Promise((resolve) => setTimeout(resolve, GUARDED_MS));
        disk.hang();
        await untilBlocked(running.pid);
        await stopWith(running, signals);
      });
    }
  }

  async function stopWith(running: RunningEscp, signals: readonly Deno.Signal[]): Promise<void> {
    for (const [index, signal] of signals.entries()) {
      // Two pending signals of one kind are delivered as one.
      if (index > 0) await new Promise((resolve) => setTimeout(resolve, 100));
      try {
        running.kill(signal);
      } catch {
        // The first has ended it.
      }
    }
    await waitForExit(running.pid, STOPPED_MS);
    assertEquals((await running.result).code, 130);
    await scene.sshd.waitForNoSession(GONE_MS);
  }
});

describeWithScene("SIGTERM", (scene) => {
  let source: string;
  beforeAll(async () => {
    source = await scene.tree({ "large": new Uint8Array(16 * MIB) });
  });

  for (const variant of rotatingVariants(0).filter(({ direction }) => direction === "push")) {
    it(`makes a healthy remote end remove its temporary files: ${variantName(variant)}`, async () => {
      const to = await scene.tree({ "large": "old" });
      const flags = [...SLOW, "--no-resume"];
      await using running = await scene.start(variant, { flags, sources: [`${source}/large`], target: `${to}/` });
      await untilBegun(to, running);
      const [end] = await remoteEnds(scene, running);
      // Until it listens, SIGTERM has its default disposition.
      await untilGuarded(end.pid);
      Deno.kill(end.pid, "SIGTERM");
      const { code, stderr } = await running.result;
      assertEquals(code, 1, stderr);
      await scene.sshd.waitForNoSession();
      assertEquals(temporaryFiles(to), []);
      assertEquals(await Deno.readTextFile(`${to}/large`), "old");
    });

    it(`ends a client whose ssh is stopped: ${variantName(variant)}`, async () => {
      const to = await scene.tree();
      await using running = await scene.start(variant, { flags: SLOW, sources: [`${source}/large`], target: `${to}/` });
      await untilBegun(to, running);
      for (const process of await descendantsOf(running.pid)) {
        if (/^\S*ssh /.test(await commandOf(process))) Deno.kill(process.pid, "SIGSTOP");
      }
      const begun = performance.now();
      running.kill("SIGTERM");
      const { code, stderr, leftBehind } = await running.result;
      assert(performance.now() - begun < STOPPED_MS);
      assertEquals(code, 130, stderr);
      assertMatch(stderr, /^escp: Interrupted\n/);
      assertEquals(await leftBehind(), []);
    });
  }
});

describe("escp --receiver-stream", { ignore: Deno.build.os !== "linux" }, () => {
  for (const engine of ENGINES) {
    it(`exits after its ssh session, even if the data port keeps the connection open (${engine})`, async () => {
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      await using opened = await openReceiverPort(listener.addr.port);
      const [program, ...words] = escpCommand();
      const args = [...words, "--receiver-stream", `${opened.port}`, "--engine", engine];
      await using child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped" }).spawn();
      const reader = child.stdout.getReader();
      await reader.read();
      const writer = child.stdin.getWriter();
      const preamble = new Uint8Array(64);
      preamble.set(new TextEncoder().encode("ESCPDATA"));
      await writer.write(preamble);
      using _ = await listener.accept();
      await writer.close();
      await reader.cancel();
      await waitForExit(child.pid, GONE_MS);
    });
  }
});

/** The remote ends themselves, without the shells before them, as soon as there are so many. */
async function remoteEnds(scene: Scene, running: RunningEscp, wanted = 1): Promise<ProcessId[]> {
  for (;;) {
    const found: ProcessId[] = [];
    for (const process of await scene.sshd.sessions()) {
      const command = await commandOf(process);
      if (/--receiver/.test(command) && !/^\/bin\/sh|^sh |^bash |^\S*-c /.test(command)) found.push(process);
    }
    if (found.length >= wanted) return found;
    assert(await isRunning(running.pid), running.printed.stderr);
    await turn();
  }
}

/** Until the main thread of a process leaves SIGTERM to the Worker, and the Worker takes it. */
async function untilGuarded(pid: number): Promise<void> {
  for (;;) {
    const threads = Array.from(Deno.readDirSync(`/proc/${pid}/task`), ({ name }) => {
      const status = readIfRunning(`/proc/${pid}/task/${name}/status`);
      const [, blocked] = /^SigBlk:\s*(\w+)/m.exec(status) ?? ["", "0"];
      // SIGTERM is bit 14.
      return {
        isMain: name === `${pid}`,
        name: /^Name:\s*(.*)/.exec(status)?.[1] ?? "",
        blocks: BigInt(`0x${blocked}`) >> 14n & 1n,
      };
    });
    const isLeft = threads.some(({ isMain, blocks }) => isMain && blocks === 1n);
    if (isLeft && threads.some(({ name, blocks }) => name.startsWith("worker-") && blocks === 0n)) return;
    await turn();
  }
}

/** Returns the text of a file in proc(5), "" after its thread has exited. */
function readIfRunning(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

/** Until a thread of the process is in a call of FUSE. */
async function untilBlocked(pid: number): Promise<void> {
  for (;;) {
    for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
      const stack = await Deno.readTextFile(`/proc/${pid}/task/${name}/stack`).catch(() => "");
      if (/fuse_/.test(stack)) return;
    }
    await turn();
  }
}
