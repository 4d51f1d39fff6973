/** Sessions of --mirror that end while the receiver removes entries that the source lacks. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { it } from "@std/testing/bdd";
import { runEscp, type RunningEscp, startEscp } from "../support/escp/escp_command.ts";
import { untilTrue } from "../support/escp/interruptions.ts";
import { escpPerHost } from "../support/escp/remote_settings.ts";
import { hasStopped, resume, stoppingCommand, tracingProblem } from "../support/escp/stopped_at.ts";
import { pathsIn } from "../support/files/paths_in.ts";
import { commandOf, descendantsOf, killProcess, type ProcessId } from "../support/processes.ts";
import { describeWithScene, ENGINES, type Scene } from "../support/scene.ts";
import { writeWrapper } from "../support/shell_script.ts";

const FILES: Record<string, string> = Object.fromEntries(
  Array.from({ length: 12 }, (_, index) => [`d${index % 3}/f${index}`, `contents ${index}`]),
);
const EXTRAS = Array.from({ length: 40 }, (_, index) => `d${index % 4}/extra${index}`);
/** Number of the removal at which the receiver is stopped. */
const STOPPED_AT = 5;
type Direction = "relay" | "push" | "pull";
/** Names of the receiving hosts. */
const RECEIVERS = { relay: "testhost2", push: "testhost" } as const;

interface Ending {
  what: string;
  /** A killed client reports nothing. */
  directions: readonly Direction[];
  flags?: readonly string[];
  /** Ends the session while the receiver is stopped. */
  end(session: StoppedSession): Promise<void>;
}

const ENDINGS: readonly Ending[] = [
  {
    what: "the session was cut",
    directions: ["relay", "push", "pull"],
    end: async ({ running }) => killProcess(await connectionOf(running)),
  },
  {
    what: "the session fell silent",
    directions: ["relay"],
    flags: ["--timeout", "5"],
    end: async ({ running }) => killProcess(await connectionOf(running), "SIGSTOP"),
  },
  {
    what: "the receiver was killed",
    directions: ["relay", "push"],
    end: async ({ tracer }) => killProcess((await descendantsOf(tracer))[0]),
  },
];

interface StoppedSession {
  running: RunningEscp;
  /** The process of strace(1). */
  tracer: number;
}

const ignore = tracingProblem !== undefined || !ENGINES.includes("native");
const SKIPPED = ignore ? ` (skipped: ${tracingProblem ?? "not with the portable engine"})` : "";

describeWithScene(`a mirror${SKIPPED}`, { ignore }, (scene) => {
  for (const { what, directions, flags: more = [], end } of ENDINGS) {
    for (const direction of directions) {
      it(`keeps all files of the source and is completed by a second run after ${what} (${direction})`, async () => {
        const tree = await scene.tree({
          ...Object.fromEntries(Object.entries(FILES).map(([path, text]) => [`from/${path}`, text])),
          ...Object.fromEntries(EXTRAS.map((path) => [`to/${path}`, "extra"])),
        });
        const operands = operandsOf(direction, tree);
        const log = `${tree}/strace`;
        const flags = ["--mirror", "--retries", "3", ...more];
        const receiver = await stoppedReceiver(scene, direction, log);
        {
          await using running = await startEscp([...scene.sshd.sshOptions, ...flags, ...operands], {
            command: receiver.command,
            env: receiver.env,
          });
          await untilTrue(() => hasStopped(log), running);
          const tracer = await tracerOf(scene, running);
          await end({ running, tracer });
          // A killed process cannot continue.
          await resume(tracer).catch(() => {});
          const { code, stderr } = await running.result;
          // A client that receives needs nothing more from the sender.
          if (direction === "pull") assertEquals([code, stderr], [0, ""]);
          else {
            assertEquals(code, 1, stderr);
            assertMatch(
              stderr,
              /^escp: Cannot continue: the session with testhost2? was lost \((?:it ended with s|no message for 5 s)/m,
            );
            assertMatch(stderr, /^hint: Run the same command again to resume; completed files are kept$/m);
          }
          await scene.sshd.waitForNoSession(10_000);
        }
        assertEquals(receiver.starts(), 1, "a retry");
        const left = pathsIn(`${tree}/to`);
        assert(EXTRAS.some((path) => !left.includes(path)));
        if (direction === "pull") assertEquals(left, pathsIn(`${tree}/from`));
        for (const [path, text] of Object.entries(FILES)) {
          assertEquals(Deno.readTextFileSync(`${tree}/to/${path}`), text);
        }
        const { code, stderr } = await runEscp([...scene.sshd.sshOptions, ...flags, ...operands]);
        assertEquals([code, stderr], [0, ""]);
        assertEquals(pathsIn(`${tree}/to`), pathsIn(`${tree}/from`));
      });
    }
  }
});

/** Returns the operands of a copy of the contents of `from` to `to`. */
function operandsOf(direction: Direction, tree: string): string[] {
  const from = direction === "push" ? `${tree}/from/.` : `testhost:${tree}/from/.`;
  const to = direction === "pull" ? `${tree}/to` : `${RECEIVERS[direction]}:${tree}/to`;
  return direction === "relay" ? ["-3", from, to] : [from, to];
}

/** Returns how to start a receiver that stops in its removals, and the number of receivers that were started. */
async function stoppedReceiver(scene: Scene, direction: Direction, log: string) {
  const command = stoppingCommand("unlinkat", log, { when: STOPPED_AT });
  const count = `echo >>${log}.starts`;
  const starts = () => Deno.readTextFileSync(`${log}.starts`).length;
  const traced = await writeWrapper(`${log}.receiver`, [...command, "--engine", "native"], count);
  if (direction === "pull") return { command: [traced], starts };
  return { env: await escpPerHost(scene, { [RECEIVERS[direction]]: traced }), starts };
}

/** Returns the process of strace(1), on this machine or on the server. */
async function tracerOf({ sshd }: Scene, running: RunningEscp): Promise<number> {
  if (isTracer({ pid: running.pid } as ProcessId)) return running.pid;
  const processes = [...await descendantsOf(running.pid), ...await descendantsOf(sshd.pid)];
  return processes.find(isTracer)!.pid;
}

function isTracer(process: ProcessId): boolean {
  return commandOf(process).startsWith("strace ");
}

/** Returns the ssh of the client to the receiver. */
async function connectionOf(running: RunningEscp): Promise<ProcessId> {
  const connections = (await descendantsOf(running.pid)).filter((process) => /^\S*ssh /.test(commandOf(process)));
  return connections.find((process) => / testhost2 /.test(commandOf(process))) ?? connections[0];
}
