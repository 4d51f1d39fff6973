import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UserError } from "../../../src/errors.ts";
import { type OpenPeer, OpenPeers } from "../../../src/transfer/client/open_peers.ts";
import { RemoteError, SessionLost } from "../../../src/transfer/transfer_errors.ts";
import { helloWith, openScripted, scriptedCommand } from "../../session/scripted_peer.ts";

const HELLO = `printf '%s\\n' "$1"; read start; `;
/** Reads until the client closes the control channel. */
const HEALTHY = `${HELLO}cat >/dev/null`;

/** Starts a peer that is a shell script, with a hello in $1, and opens its session. */
async function open(
  peers: OpenPeers,
  name: string,
  script: string,
  { timeoutMs = 60_000, isEnd }: { timeoutMs?: number; isEnd?: boolean } = {},
): Promise<OpenPeer> {
  const features = timeoutMs < 60_000 ? ["alive"] : [];
  const peer = peers.start({ ...scriptedCommand(script, helloWith({ features })), name, isEnd });
  peer.session = await openScripted(peer.process, { timeoutMs });
  return peer;
}

/** Errors that end a session at its start, by the script of the peer. */
const FAILED_STARTS: [script: string, error: string][] = [
  ["exit 127", "it is not installed there"],
  ["exit 255", "Cannot log in to far"],
  ["exit 3", "it ended with status 3"],
  ["echo 'escp-hello {\"versions\":[7]}'; cat >/dev/null", "Cannot use escp on far"],
  [`${HELLO}echo '{"type":"abort","code":"start","message":"no memory"}'`, "Cannot start on far: no memory"],
  [`${HELLO}exit 7`, "its session ended right after escp had started"],
];

/** Lost sessions: the script of the peer, the time limit of its messages, and the resulting error. */
const LOST: [how: string, script: string, timeoutMs: number | undefined, error: string][] = [
  ["ends", `${HELLO}echo '{"type":"note","message":"x"}'; exit 7`, undefined, "was lost (it ended with status 7)"],
  ["is silent", HEALTHY, 100, "was lost (no message for 0.1 s)"],
  ["reports a loss", `${HELLO}echo '{"type":"abort","code":"lost","message":"gone"}'`, undefined, "it reports: gone"],
];

describe("OpenPeers", { ignore: Deno.build.os === "windows" }, () => {
  for (const [how, script, timeoutMs, message] of LOST) {
    for (const index of [0, 1]) {
      it(`names peer ${index + 1} of two, which ${how}, and does not kill the other`, async () => {
        const names = ["first", "second"];
        let other: OpenPeer | undefined;
        const error = await assertRejects(async () => {
          await using peers = new OpenPeers(new AbortController().signal);
          return await peers.run(async () => {
            const opened: OpenPeer[] = [];
            for (const [at, name] of names.entries()) {
              opened.push(
                await open(peers, name, at === index ? script : HEALTHY, at === index ? { timeoutMs } : {}),
              );
            }
            other = opened[1 - index];
            const { control } = opened[index].session!;
            await control.expect("note");
            await control.expect("ready");
          });
        }, SessionLost);
        assertStringIncludes(error.message, `the session with ${names[index]}`);
        assertStringIncludes(error.message, message);
        assertEquals(error.host, names[index]);
        assertEquals((await other!.process.status).signal, null);
      });
    }
  }

  for (const isEnd of [false, true]) {
    it(
      isEnd ? "names no remote host in errors of a local peer" : "names the remote host in errors of its peer",
      async () => {
        const scripts = [...FAILED_STARTS, ...LOST.map(([, script, , error]): [string, string] => [script, error])];
        for (const [script, message] of scripts) {
          const timeoutMs = script === HEALTHY ? 100 : undefined;
          const error = await assertRejects(async () => {
            await using peers = new OpenPeers(new AbortController().signal);
            await peers.run(async () => {
              const { session } = await open(peers, "far", script, { timeoutMs, isEnd });
              await session!.control.expect("note");
              await session!.control.expect("ready");
            });
          }, UserError);
          assertStringIncludes(error.message, message);
          assertEquals(error.host, isEnd ? undefined : "far", script);
        }
      },
    );
  }

  it("names the first of two peers, which aborts", async () => {
    const error = await assertRejects(async () => {
      await using peers = new OpenPeers(new AbortController().signal);
      return await peers.run(async () => {
        const first = await open(peers, "first", `${HELLO}echo '{"type":"abort","code":"failed","message":"full"}'`);
        await open(peers, "second", HEALTHY);
        await first.session!.control.expect("ready");
      });
    }, RemoteError);
    assertStringIncludes(error.message, "escp on first reports: full");
    assertEquals(error.host, "first");
  });
});
