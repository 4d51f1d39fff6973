import { assert, assertEquals, assertMatch } from "@std/assert";
import { beforeAll, describe, it } from "@std/testing/bdd";
import { eachAtOnce } from "../../support/each_at_once.ts";
import { openReceiverPort } from "../../session/receiver_port.ts";
import { escpCommand, type RunningEscp, startEscp } from "../../support/escp/escp_command.ts";
import { failingDiskProblem, mountFailingDisk } from "../../support/files/failing_disk.ts";
import { untilBegun } from "../../support/escp/interruptions.ts";
import { commandOf, descendantsOf, waitForExit } from "../../support/processes.ts";
import { describeWithScene, ENGINES, rotatingVariants, type Variant, variantName } from "../../support/scene.ts";
import { temporaryFiles } from "../../support/escp/temporary_files.ts";
import { busyEscp, GONE_MS, MIB, remoteEnds, SLOW, STOPPED_MS, untilBlocked, untilGuarded } from "./stuck_escp.ts";

describeWithScene("a remote end whose main thread is stuck", (scene) => {
  let source: string;
  beforeAll(async () => {
    source = await scene.tree({ "large": new Uint8Array(16 * MIB) });
  });

  /**
   * Starts a slow copy and makes its remote end busy.
   *
   * @param options.guarded Whether to wait until the remote end listens for signals.
   */
  async function withBusyPeer(
    variant: Variant,
    { guarded = false } = {},
  ): Promise<{ running: RunningEscp; pid: number }> {
    const { path, makeBusy } = await busyEscp(scene);
    const to = await scene.tree();
    const flags = [...SLOW, "-D", path];
    const running = await scene.start(variant, { flags, sources: [`${source}/large`], target: `${to}/` });
    await untilBegun(to, running);
    if (guarded) await untilGuarded((await remoteEnds(scene, running))[0].pid);
    return { running, pid: await makeBusy(running) };
  }

  const REMOTE = rotatingVariants(0).filter(({ direction }) => direction !== "local");

  it("exits after its session while it is busy, in a push and a pull", async () => {
    await using started = new AsyncDisposableStack();
    const pids: number[] = [];
    for (const variant of REMOTE) {
      const { running, pid } = await withBusyPeer(variant);
      started.use(running);
      pids.push(pid);
      running.kill("SIGKILL");
    }
    await eachAtOnce(pids, String, (pid) => waitForExit(pid, GONE_MS));
    await scene.sshd.waitForNoSession();
  });

  for (const variant of REMOTE) {
    it(`exits on SIGTERM while it is busy: ${variantName(variant)}`, async () => {
      const { running, pid } = await withBusyPeer(variant, { guarded: true });
      await using _ = running;
      Deno.kill(pid, "SIGTERM");
      await waitForExit(pid, STOPPED_MS);
    });
  }

  it("exits after its session while it is blocked in its first access to the target or the source", {
    ignore: failingDiskProblem !== undefined,
  }, async () => {
    await using disk = await mountFailingDisk({ errno: "EIO" });
    await Deno.writeTextFile(`${disk.path}/file`, "x");
    await disk.hang();
    const settings = { engine: "native", streams: 1 } as const;
    const push = { sources: [`${source}/large`], target: disk.path };
    await using pushing = await scene.start({ direction: "push", ...settings }, push);
    const pull = { sources: [`${disk.path}/file`], target: source };
    await using pulling = await scene.start({ direction: "pull", ...settings }, pull);
    const ends = await remoteEnds(scene, pulling, 2);
    for (const { pid } of ends) await untilBlocked(pid);
    for (const running of [pushing, pulling]) running.kill("SIGKILL");
    await eachAtOnce(ends, ({ pid }) => `${pid}`, (end) => waitForExit(end, GONE_MS));
    await scene.sshd.waitForNoSession();
  });

  it("exits after its session at both hosts of a relay if the target is blocked", {
    ignore: failingDiskProblem !== undefined,
  }, async () => {
    await using disk = await mountFailingDisk({ errno: "EIO" });
    await disk.hang();
    const args = [...scene.sshd.sshOptions, `testhost:${source}/large`, `testhost2:${disk.path}`];
    await using running = await startEscp(args);
    const ends = await remoteEnds(scene, running, 2);
    await Promise.any(ends.map(({ pid }) => untilBlocked(pid)));
    running.kill("SIGKILL");
    await scene.sshd.waitForNoSession(GONE_MS);
  });
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
        if (/^\S*ssh /.test(commandOf(process))) Deno.kill(process.pid, "SIGSTOP");
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
