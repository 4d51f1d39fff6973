/** Sessions of --remove-source-files that end while sources are removed. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { it } from "@std/testing/bdd";
import type { RunningEscp } from "../../support/escp/escp_command.ts";
import { killOthers, untilTrue } from "../../support/escp/interruptions.ts";
import { hasStopped, resume, stoppingCommand, tracingProblem } from "../../support/escp/stopped_at.ts";
import { pathsIn } from "../../support/files/paths_in.ts";
import { commandOf, descendantsOf, killProcess } from "../../support/processes.ts";
import { describeWithScene, rotatingVariants, type Scene, type Variant, variantName } from "../../support/scene.ts";
import { writeWrapper } from "../../support/shell_script.ts";

const FILES: Record<string, string> = Object.fromEntries(
  Array.from({ length: 40 }, (_, index) => [`d${index % 4}/f${index}`, `contents ${index}`]),
);
const DIRECTORIES = ["d0", "d1", "d2", "d3"];
/** Number of the removal at which the sender is stopped. */
const STOPPED_AT = 5;

const ENDINGS: [what: string, end: (scene: Scene, running: RunningEscp, tracer: number) => Promise<void>][] = [
  ["ssh is killed", (scene, running) => killOthers(scene, running, /^\S*ssh /)],
  ["Ctrl-C is pressed", (_, running, tracer) => interruptClient(running, tracer)],
  ["the sender is killed", (_, _running, tracer) => signalTraced(tracer, "SIGKILL")],
];

describeWithScene("a move", { ignore: tracingProblem !== undefined }, (scene) => {
  for (const [index, [what, end]] of ENDINGS.entries()) {
    for (const variant of rotatingVariants(index)) {
      if (variant.direction === "local") continue;
      it(`loses no file when ${what} during the removal of sources (${variantName(variant)})`, async () => {
        const entries = Object.entries(FILES).map(([path, text]) => [`from/${path}`, text]);
        const tree = await scene.tree(Object.fromEntries(entries));
        const [from, to] = [`${tree}/from`, `${tree}/to`];
        const copy = { flags: ["-a", "--remove-source-files"], sources: [`${from}/.`], target: to };
        const first = await endedInRemoval(variant, copy, `${tree}/strace`, end);
        const left = filesIn(from);
        assert(left.length < Object.keys(FILES).length, first.stderr);
        assertComplete(from, to);
        if (first.code === 0) assertEquals(left, []);
        else if (first.signal === null) assertStringIncludes(first.stderr, "some sources may be removed already");
        const again = await scene.copy(variant, copy);
        assertEquals([again.code, again.stderr, pathsIn(from)], [0, "", DIRECTORIES]);
        assertComplete(from, to);
      });
    }
  }

  /** Runs a copy whose sender stops in its removals, ends the session, and continues the sender. */
  async function endedInRemoval(
    variant: Variant,
    copy: { flags: string[]; sources: string[]; target: string },
    log: string,
    end: (scene: Scene, running: RunningEscp, tracer: number) => Promise<void>,
  ) {
    const call = variant.engine === "native" ? "unlinkat" : "unlink";
    const command = stoppingCommand(call, log, { when: STOPPED_AT });
    const isPull = variant.direction === "pull";
    const remote = isPull
      ? ["-D", await writeWrapper(`${log}.escp`, command, `export ESCP_ENGINE=${variant.engine}`)]
      : [];
    const traced = { ...copy, flags: [...copy.flags, ...remote] };
    await using running = await scene.start(variant, { ...traced, command: isPull ? undefined : command });
    await untilTrue(() => hasStopped(log), running);
    const tracer = isPull ? await tracerOf(scene) : running.pid;
    await end(scene, running, tracer);
    // A killed process cannot continue.
    await resume(tracer).catch(() => {});
    const result = await running.result;
    await scene.sshd.waitForNoSession();
    return result;
  }
});

/** Returns the process of strace(1) on the server. */
async function tracerOf({ sshd }: Scene): Promise<number> {
  const processes = await descendantsOf(sshd.pid);
  return processes.find((process) => commandOf(process).startsWith("strace "))!.pid;
}

/** Sends SIGINT to the client, also if it is the traced sender. */
async function interruptClient(running: RunningEscp, tracer: number): Promise<void> {
  if (tracer === running.pid) await signalTraced(tracer, "SIGINT");
  else running.kill("SIGINT");
}

/** Sends a signal to the process that strace(1) runs. */
async function signalTraced(tracer: number, signal: Deno.Signal): Promise<void> {
  const [traced] = await descendantsOf(tracer);
  killProcess(traced, signal);
}

function filesIn(directory: string): string[] {
  return pathsIn(directory).filter((path) => path in FILES);
}

/** Fails unless each file is in the target with its contents, and those that are left in the source are unchanged. */
function assertComplete(from: string, to: string): void {
  assertEquals(pathsIn(to), [...Object.keys(FILES), ...DIRECTORIES].sort());
  for (const path of Object.keys(FILES)) assertEquals(Deno.readTextFileSync(`${to}/${path}`), FILES[path]);
  for (const path of filesIn(from)) assertEquals(Deno.readTextFileSync(`${from}/${path}`), FILES[path]);
}
