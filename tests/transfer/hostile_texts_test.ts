import { assert, assertEquals, assertMatch } from "@std/assert";
import { beforeAll, describe, it } from "@std/testing/bdd";
import { loadCipherEngine } from "../../src/crypto/engines.ts";
import type { CopyJob } from "../../src/protocol/control/job.ts";
import { openClientSession } from "../../src/session/model/client_session.ts";
import { PeerAbort } from "../../src/session/model/control_errors.ts";
import { PeerProcess } from "../../src/session/model/peer_process.ts";
import { escpCommand, runEscp } from "../support/escp/escp_command.ts";
import { commandOf, descendantsOf } from "../support/processes.ts";
import { bundleProgram } from "../support/bundled_program.ts";
import { createTempTree, writeTree } from "../support/files/temp_tree.ts";
import { inPlaceOfSsh } from "./hostile_end.ts";
import { peakMemory } from "./peak_memory.ts";

/** Path of the bundled program. */
let server: string;
const MIB = 1 << 20;
const isLinux = Deno.build.os === "linux";
const OPTIONS = {
  ...{ recursive: true, preserve: false, blockBytes: 1 << 20, salt: "hostile" },
  ...{ symlinks: "follow", hardlinks: false, filters: [] },
} as const;

/** Size of a flood, and the most that the client's heap may hold, so that it crashes if it keeps the texts. In MiB. */
const [FLOOD, HEAP] = [200, 128];

/** Runs a client with that heap, and without its output. */
const limited = [
  ...["env", `DENO_V8_FLAGS=--max-old-space-size=${HEAP}`],
  ...["sh", "-c", 'exec "$@" >/dev/null 2>&1', "sh", ...escpCommand()],
];

/** Messages that a server sends endlessly. */
const FLOODS: [trick: string, relayed?: true][] = [
  ["long failures"],
  ["long failures", true],
  ["many failures"],
  ["long notes"],
];

describe("endless texts of a peer", { ignore: !isLinux }, () => {
  beforeAll(async () => {
    server = await bundleProgram(new URL("flooding_server.ts", import.meta.url));
  });

  for (const [trick, relayed] of FLOODS) {
    it(`do not fill the memory of the client: ${trick}${relayed ? ", of a copy between two hosts" : ""}`, async () => {
      await using tree = await createTempTree({ "target": { directory: true } });
      const report = `${tree.path}/report`;
      await writeTree(tree.path, { "ssh": inPlaceOfSsh(server, [trick, report], "127.0.0.1") });
      const target = relayed ? `localhost:${tree.path}/target` : `${tree.path}/target`;
      const args = ["-S", `${tree.path}/ssh`, "-r", "127.0.0.1:dir", target];
      const { code } = await runEscp(args, { command: limited, timeoutMs: 150_000 });
      assertEquals(code, 1);
      const { sent } = JSON.parse(await Deno.readTextFile(report));
      assert(sent > FLOOD * MIB, `the remote end sent ${sent} bytes`);
    });
  }

  it("are not taken for the sources of a pattern", async () => {
    await using tree = await createTempTree({ "target": { directory: true } });
    const report = `${tree.path}/report`;
    await writeTree(tree.path, { "ssh": inPlaceOfSsh(server, ["many sources", report]) });
    const args = ["-S", `${tree.path}/ssh`, "127.0.0.1:*", `${tree.path}/target`];
    const { code, stderr } = await runEscp(args);
    assertEquals(code, 1, stderr);
    assertMatch(stderr, /unasked/);
    const { sent, peak } = JSON.parse(await Deno.readTextFile(report));
    assert(peak < 300 * MIB, `the remote end sent ${sent} bytes, and the client had ${peak}`);
  });

  it("are not taken for the sources of a pull", async () => {
    const message = Array(10).fill("x".repeat(100_000));
    const { answer, peak } = await pullOf({}, Array(1100).fill(message));
    assertMatch(
      answer,
      /^bad-message: Cannot accept all sources: together they have more than 268,435,456 characters/,
    );
    assert(peak < 600 * MIB, `the remote end had ${peak} bytes`);
  });

  it("are not taken for the paths of a list", async () => {
    await using tree = await createTempTree({});
    const messages = Array.from({ length: 320 }, (_, index) => [index + "/a".repeat(60_000)]);
    const { answer, peak } = await pullOf({ listed: "deep" }, [[tree.path], ...messages]);
    assertMatch(
      answer,
      /^failed: Cannot copy all listed paths at once: together, they contain more than 4,000,000 different/,
    );
    assert(peak < 1024 * MIB, `the remote end had ${peak} bytes`);
  });
});

/** Requests sources by messages. Returns the answer of the remote end, and its peak memory in bytes. */
async function pullOf(more: Partial<CopyJob>, messages: string[][]): Promise<{ answer: string; peak: number }> {
  const [program, ...args] = escpCommand();
  const peer = new PeerProcess({ program, args: [...args, "--receiver", "--local-peer"], name: "remote end" });
  const job = { direction: "pull", sources: [], more: true, ...OPTIONS, filters: [], ...more } as CopyJob;
  const session = await openClientSession(peer, {
    ...{ job, needed: [], cipher: "aes-128-gcm", timeoutMs: 60_000, note: () => {} },
    engine: loadCipherEngine("portable").engine,
  });
  const pid = await pidOf("--receiver");
  let peak = 0;
  try {
    const answer = session.control.expect("sources").then(
      () => "accepted",
      (error) => error instanceof PeerAbort ? `${error.code}: ${error.message}` : String(error),
    ).finally(() => peak = Math.max(peak, peakMemory(pid)));
    for (const [index, sources] of messages.entries()) {
      if (await Promise.race([answer, false]) !== false) break;
      session.control.send({ type: "wanted", sources, literal: true, last: index === messages.length - 1 });
      await session.control.flushed();
      peak = Math.max(peak, peakMemory(pid));
    }
    return { answer: await answer, peak };
  } finally {
    await session.control.close();
    session.close();
    await peer.end(8_000);
  }
}

/** Returns the PID of the only child of this process with such an argument. */
async function pidOf(argument: string): Promise<number> {
  for (const process of await descendantsOf(Deno.pid)) {
    if (commandOf(process).split(" ").includes(argument)) return process.pid;
  }
  throw new Error(`No process has the argument ${argument}`);
}
