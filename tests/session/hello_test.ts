import { assert, assertEquals, assertObjectMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ProtocolError, StartError, UserError } from "../../src/errors.ts";
import { deriveSessionKey, transcript } from "../../src/crypto/key_schedule.ts";
import { type Hello, parseHello } from "../../src/protocol/control/hello.ts";
import { formatMessage } from "../../src/protocol/control/message_codec.ts";
import type { Message } from "../../src/protocol/control/messages.ts";
import { ControlLost } from "../../src/session/model/control_errors.ts";
import type { RequiredFeature } from "../../src/session/model/required_feature.ts";
import { PeerProcess } from "../../src/session/model/peer_process.ts";
import { openRemoteSession } from "../../src/session/model/remote_session.ts";
import golden from "../protocol/golden/version_1.json" with { type: "json" };
import { randomBytes } from "../support/files/random_bytes.ts";
import type { Reach } from "../../src/ssh/reach.ts";
import { ENGINE, helloWith, JOB, openScripted, scriptedCommand } from "./scripted_peer.ts";

/** Starts a remote end in this process, whose client is the test. */
async function startRemote() {
  const toRemote = new TransformStream<Uint8Array, Uint8Array>();
  const toClient = new TransformStream<Uint8Array, Uint8Array>();
  const opening = openRemoteSession({
    engine: () => ENGINE,
    software: "0.1.0",
    local: true,
    confined: false,
    // Any free port, because other tests may use the default ports.
    ports: { first: 0, last: 0 },
    input: toRemote.readable,
    output: toClient.writable,
  });
  opening.catch(() => {});
  const { value } = await toClient.readable.getReader().read();
  const [empty, line] = new TextDecoder().decode(value).split("\n");
  assertEquals(empty, "");
  const writer = toRemote.writable.getWriter();
  return {
    opening,
    line,
    hello: parseHello(line),
    say: (text: string) => void writer.write(new TextEncoder().encode(text + "\n")),
    end: () => void writer.close(),
  };
}

const RANDOM = randomBytes(32, "client");
const start = (changes: Partial<Message> = {}) => {
  const message = { type: "start", version: 1, features: [], random: RANDOM, cipher: "aes-256-gcm", job: JOB };
  return formatMessage({ ...message, ...changes } as Message);
};

describe("the hello of the remote end", () => {
  it("names its port, with a new secret and session each time", async () => {
    const hellos: Hello[] = [];
    for (let times = 0; times < 2; times++) {
      const { opening, hello, end } = await startRemote();
      hellos.push(hello);
      (await Deno.connect({ hostname: "127.0.0.1", port: hello.port })).close();
      end();
      await assertRejects(() => opening, ControlLost);
      await assertRejects(() => Deno.connect({ hostname: "127.0.0.1", port: hello.port }));
    }
    assert(hellos[0].session !== hellos[1].session && hellos[0].secret.join() !== hellos[1].secret.join());
    assertEquals(hellos[0].addresses, []);
  });

  it("opens a session with the job and the keys of both lines", async () => {
    const { opening, line, hello, say } = await startRemote();
    say(start());
    const session = await opening;
    assertEquals([session.secrets.cipher, session.secrets.id], ["aes-256-gcm", hello.session]);
    // Options that the client did not send are undefined in the parsed job: compare the JSON.
    assertEquals(JSON.parse(JSON.stringify(session.job)), JOB);
    assertObjectMatch(session.job as object as Record<string, unknown>, JOB as object as Record<string, unknown>);
    const key = await deriveSessionKey(hello.secret, RANDOM, transcript(line, start()));
    assertEquals(session.secrets.key, key);
    session.close();
  });

  it("rejects other versions, ciphers and messages, and closes its port", async () => {
    const answers: [string, string][] = [
      [start({ version: 2 }), "no-version"],
      [start({ cipher: "none" }), "no-cipher"],
      [formatMessage({ type: "ready" }), "bad-order"],
      ["garbage", "bad-message"],
    ];
    for (const [answer, code] of answers) {
      const { opening, hello, say } = await startRemote();
      say(answer);
      assertEquals((await assertRejects(() => opening, ProtocolError)).code, code);
      await assertRejects(() => Deno.connect({ hostname: "127.0.0.1", port: hello.port }));
    }
  });

  it("ends if the client aborts", async () => {
    const { opening, say } = await startRemote();
    say(formatMessage({ type: "abort", code: "no-version", message: "too old" }));
    await assertRejects(() => opening, ControlLost, "too old");
  });
});

/** Opens a client whose peer is a shell script, with the hello line in $1. */
async function openClient(
  script: string,
  hello = golden.hello,
  { needed = [], helloTimeoutMs, reach }: { needed?: RequiredFeature[]; helloTimeoutMs?: number; reach?: Reach } = {},
) {
  const peer = new PeerProcess({ ...scriptedCommand(script, hello), name: "far" });
  try {
    const session = await openScripted(peer, { needed, helloTimeoutMs, reach });
    const said = await session.control.nextLine();
    await session.control.close();
    session.close();
    return { session, said };
  } finally {
    peer.kill("SIGKILL");
    await peer.status;
    await peer.stdin.close().catch(() => {});
    await peer.stdout.cancel().catch(() => {});
  }
}

describe("the answer of the client to a hello", { ignore: Deno.build.os === "windows" }, () => {
  it("names the common features, after output of the login", async () => {
    const { session, said } = await openClient(
      `printf 'Welcome\\nto far\\n\\n%s\\n' "$1"; read answer; printf '%s\\n' "$answer"`,
    );
    assertEquals(session.hello.session, golden.session);
    const message = JSON.parse(said!);
    assertEquals([message.type, message.version, message.cipher, message.job], ["start", 1, "aes-128-gcm", JOB]);
    const random = Uint8Array.from(atob(message.random), (char) => char.charCodeAt(0));
    const key = await deriveSessionKey(session.hello.secret, random, transcript(golden.hello, said!));
    assertEquals(session.secrets.key, key);
  });

  it("has a hint if escp did not start", async () => {
    const cases: [string, string, string][] = [
      ["exit 127", "not installed there", "PATH"],
      ["exit 126", "may not be executed", "executable"],
      ["exit 255", "Cannot log in to far", ""],
      [
        "echo This account is closed; exit 1",
        "status 1 before it sent a hello; its output: This account is closed",
        "",
      ],
      ["kill -9 $$", "SIGKILL", ""],
      ["head -c 70000 /dev/zero", "too much output that is not from escp", "login script"],
    ];
    for (const [script, message, hint] of cases) {
      const error = await assertRejects(() => openClient(script), StartError);
      assertStringIncludes(error.message, message);
      assertStringIncludes(error.hint ?? "", hint);
    }
  });

  it("has a hint about the path of escp if the user has named it", async () => {
    const ssh = { identities: [], options: [], batch: true, forwardAgent: false, quiet: false, verbose: 0 };
    const reach = {
      ssh: { ...ssh, program: "ssh" },
      host: { host: "far" },
      tunnel: "auto",
      remotePath: "escp",
    } as const;
    const NAMED = "Check the path of -D, or omit -D to let escp be found or installed";
    for (const status of [127, 1]) {
      const hint = async (reach: Reach) => {
        return (await assertRejects(() => openClient(`exit ${status}`, golden.hello, { reach }), StartError)).hint;
      };
      assertEquals(await hint(reach), NAMED, `${status}`);
      assertStringIncludes((await hint({ ...reach, search: "0.1.0" }))!, "with -D PATH");
    }
  });

  it("reports a failed login only if the remote command has not begun", async () => {
    const BEGIN = "echo escp-begin; echo unlimited; ";
    const cases: [script: string, name: string, message: string][] = [
      ["exit 1", "UnusableEscp", "it ended with status 1 before it sent a hello"],
      [`${BEGIN}exit 1`, "StartError", "it ended with status 1 before it sent a hello"],
      [`${BEGIN}exit 255`, "StartError", "a signal killed escp, or the connection was lost"],
      ["cat >/dev/null", "NoLogin", "it did not send a hello within 2 s"],
      [`${BEGIN}cat >/dev/null`, "StartError", "the login succeeded, but escp did not send a hello within 2 s"],
    ];
    await Promise.all(cases.map(async ([script, name, message]) => {
      const opening = () => openClient(script, golden.hello, { helloTimeoutMs: 2_000 });
      const error = await assertRejects(opening, StartError, `Cannot start escp on far: ${message}`);
      assertEquals(error.name, name, script);
    }));
  });

  it("names the versions of both ends if none is common, with a hint", async () => {
    const script = `printf '%s\\n' "$1"; read answer`;
    const error = await assertRejects(() => openClient(script, helloWith({ versions: [7, 8] })), StartError);
    assertStringIncludes(error.message, "7, 8");
    assertStringIncludes(error.hint, "same version");
    await assertRejects(() => openClient(script, helloWith({ port: 0 })), StartError, "port");
    await assertRejects(() => openClient(script, helloWith({ ciphers: ["rot13"] })), UserError, "rot13");
  });

  it("sends no job to a remote end that lacks a required feature", async () => {
    const needed = {
      feature: "wings",
      unsupportedMessage: (host: string, escp: string) => `Cannot fly: ${escp} on ${host}`,
    };
    const heard = await Deno.makeTempFile();
    try {
      const script = `printf '%s\\n' "$1"; cat > '${heard}'`;
      const error = await assertRejects(
        () => openClient(script, helloWith({ features: ["legs"] }), { needed: [needed] }),
        UserError,
      );
      assertEquals(error.message, "Cannot fly: escp 0.1.0 on far");
      assertEquals(error.hint, "Install the same version of escp on both machines");
      assertEquals(await Deno.readTextFile(heard), "");
    } finally {
      await Deno.remove(heard);
    }
  });
});
