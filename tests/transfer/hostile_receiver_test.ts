import { assert, assertEquals, assertMatch } from "@std/assert";
import { beforeAll, describe, it } from "@std/testing/bdd";
import { type ClientSession, openClientSession } from "../../src/session/model/client_session.ts";
import { PeerAbort } from "../../src/session/model/control_errors.ts";
import { PeerProcess } from "../../src/session/model/peer_process.ts";
import type { AuthenticatedStream } from "../../src/session/model/session.ts";
import { closeQuietly } from "../../src/net/close.ts";
import { fixedCount } from "../../src/session/model/stream_count.ts";
import { bundleProgram } from "../support/bundled_program.ts";
import { compareTrees } from "../support/files/compare_trees.ts";
import { escpCommand, runEscp } from "../support/escp/escp_command.ts";
import type { TempDirectory } from "../support/files/temp.ts";
import { createTempTree } from "../support/files/temp_tree.ts";
import { engine as cipher, inPlaceOfSsh } from "./hostile_end.ts";
import { LARGE_BYTES, SMALL_FILES, SOURCES, TRICKS } from "./hostile_receivers.ts";
import { HostileStream } from "./hostile_stream.ts";

/** Path of the bundled program. */
let receiver: string;
const ENGINES = Deno.build.os === "linux" ? ["native", "portable"] : ["portable"];
/** Tricks for a copy between two hosts. */
const RELAYED = [
  "reports that it has finished before anything was sent",
  "reports that it has finished in the middle of a large file",
  "counts more files",
];

describe("a hostile receiver", () => {
  beforeAll(async () => {
    receiver = await bundleProgram(new URL("hostile_receiver.ts", import.meta.url));
  });

  Object.entries(TRICKS).forEach(([trick, { of, problem, isShown }], index) => {
    const engine = ENGINES[index % ENGINES.length];

    it(`${trick}: the client that pushes reports it (${engine})`, async () => {
      await using tree = await createTree({ "ssh": inPlaceOfSsh(receiver, trick) });
      const source = `${tree.path}/${SOURCES[of]}`;
      // No trick makes the sender remove a source.
      const args = [
        "-S",
        `${tree.path}/ssh`,
        "--retries",
        "0",
        "-t",
        "1",
        "--engine",
        engine,
        "-r",
        "--remove-source-files",
      ];
      const { code, stderr, leftBehind } = await runEscp([...args, source, "127.0.0.1:target"], { timeoutMs: 25_000 });
      assertEquals(code, 1, stderr);
      assertMatch(stderr, problem);
      // deno-lint-ignore no-control-regex
      assert(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.test(stderr), JSON.stringify(stderr));
      assert(!/^escp: all is well|bug in escp/m.test(stderr), stderr);
      assertEquals(await leftBehind(), []);
      await assertUntouched(tree);
    });

    if (isShown) return;
    it(`${trick}: the remote end of a pull reports it (${engine})`, async () => {
      await using tree = await createTree();
      const [program, ...args] = escpCommand();
      const command = [...args, "--receiver", "--local-peer", "--engine", engine];
      const peer = new PeerProcess({ program, args: command, name: "remote end" });
      const session = await openClientSession(peer, {
        job: {
          ...{ direction: "pull", sources: [`${tree.path}/${SOURCES[of]}`], recursive: true, preserve: false },
          ...{ blockBytes: 1 << 20, salt: "hostile", symlinks: "follow", hardlinks: false, filters: [] },
          ...{ removesSources: true, fsync: true },
        },
        ...{ needed: [], cipher: "aes-128-gcm", engine: cipher, timeoutMs: 60_000, note: () => {} },
      });
      const opened: AuthenticatedStream[] = [];
      // A process that waits forever must fail here.
      const limit = setTimeout(() => peer.kill("SIGKILL"), 20_000);
      try {
        assertMatch(await playAgainst(session, trick, opened), problem);
      } finally {
        clearTimeout(limit);
        await session.control.close();
        session.close();
        for (const { conn } of opened) closeQuietly(conn);
      }
      // The remote end exits automatically.
      assertEquals((await peer.end(8_000)).signal, null);
      await assertUntouched(tree);
    });
  });

  for (const trick of RELAYED) {
    it(`${trick}: the client between both hosts reports it`, async () => {
      await using tree = await createTree({ "ssh": inPlaceOfSsh(receiver, trick, "localhost") });
      const args = ["-3", "-S", `${tree.path}/ssh`, "--retries", "0", "-t", "1", "-r", "--remove-source-files"];
      const operands = [`127.0.0.1:${tree.path}/${SOURCES[TRICKS[trick].of]}`, "localhost:target"];
      const { code, stderr, leftBehind } = await runEscp([...args, ...operands], { timeoutMs: 25_000 });
      assertEquals(code, 1, stderr);
      assertMatch(stderr, TRICKS[trick].problem);
      assertEquals(await leftBehind(), []);
      await assertUntouched(tree);
    });
  }
});

/** Pulls with a trick. @returns the messages of the remote end. */
async function playAgainst(session: ClientSession, trick: string, opened: AuthenticatedStream[]): Promise<string> {
  const { control } = session;
  const told: string[] = [];
  control.onMessage(["failed"], ({ failure }) => told.push(failure.message));
  while (!(await control.expect("sources")).last);
  control.send({ type: "ready" });
  control.send({ type: "streams", count: 1 });
  const proven = new Promise<AuthenticatedStream>((resolve, reject) => {
    session.bringUp(fixedCount(1), (stream) => {
      opened.push(stream);
      resolve(stream);
    }).catch(reject);
  });
  // Some tricks wait for the stream; others end before it is open.
  proven.catch(() => {});
  const playing = TRICKS[trick].play({
    control,
    stream: async () => await HostileStream.create(await proven, cipher),
  });
  try {
    await playing;
    for (;;) await control.expect("open", "close", "drop", "totals", "note", "finish");
  } catch (error) {
    if (error instanceof PeerAbort) told.push(`${error.code}: ${error.message}`);
  }
  return told.join("\n");
}

function createTree(more = {}): Promise<TempDirectory> {
  const small = Array.from({ length: SMALL_FILES }, (_, index) => [`${SOURCES.small}/${index}`, `contents ${index}`]);
  return createTempTree({
    ...Object.fromEntries(small),
    [SOURCES.large]: { size: LARGE_BYTES, seed: "large" },
    ...more,
  });
}

/** Checks that the sender's files are unchanged. */
async function assertUntouched(tree: TempDirectory): Promise<void> {
  await using fresh = await createTree();
  for (const name of Object.values(SOURCES)) {
    assertEquals(await compareTrees(`${fresh.path}/${name}`, `${tree.path}/${name}`), []);
  }
}
