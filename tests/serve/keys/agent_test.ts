import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { concat } from "../../../src/bytes.ts";
import { UserError } from "../../../src/errors.ts";
import { writeAll } from "../../../src/net/pass.ts";
import { sshString, uint32 } from "../../../src/protocol/serve/ssh_strings.ts";
import { agentPath, agentSigners } from "../../../src/serve/keys/agent.ts";
import { parsePublicKeyLine, publicKeyOf, verifySignature } from "../../../src/serve/keys/public_key.ts";
import { createTempDirectory } from "../../support/files/temp.ts";
import { startAgent } from "../../support/hosts/ssh_agent.ts";
import { hasSshAgent, hasSshKeygen, makeKey } from "../../support/hosts/ssh_tools.ts";

const windows = Deno.build.os === "windows";
const DATA = new TextEncoder().encode("data");
const KEY = publicKeyOf(new Uint8Array(32).fill(1));

describe("the keys of ssh-agent", { ignore: windows || !hasSshAgent || !hasSshKeygen }, () => {
  it("are listed in order, without keys of other types, and sign", async () => {
    await using directory = await createTempDirectory();
    await using agent = await startAgent(directory.path);
    assertEquals(await agentSigners(agent.path), []);
    const paths = [
      await makeKey(directory.path, { name: "one", comment: "first key" }),
      await makeKey(directory.path, { name: "rsa", type: "rsa" }),
      await makeKey(directory.path, { name: "two", comment: "", passphrase: "secret" }),
    ];
    for (const path of paths) await agent.add([path], "secret");
    const signers = await agentSigners(agent.path);
    assertEquals(signers.length, 2);
    for (const [index, path] of [paths[0], paths[2]].entries()) {
      const { key } = parsePublicKeyLine((await Deno.readTextFile(`${path}.pub`)).trimEnd());
      assertEquals(signers[index].publicKey, key);
      assert(await verifySignature(key, await signers[index].sign(DATA), DATA));
    }
    assertEquals(signers[0].comment, "first key");
  });

  it("sign nothing after the agent has lost them", async () => {
    await using directory = await createTempDirectory();
    await using agent = await startAgent(directory.path);
    await agent.add([await makeKey(directory.path)]);
    const [signer] = await agentSigners(agent.path);
    await agent.add(["-D"]);
    const error = await assertRejects(() => signer.sign(DATA), UserError, "it refuses to sign");
    assert(error.message.includes(agent.path) && error.hint?.includes("ssh-add -X"));
  });

  it("are refused if its user does not confirm", async () => {
    await using directory = await createTempDirectory();
    await using agent = await startAgent(directory.path);
    // The agent has no program to ask with.
    await agent.add(["-c", await makeKey(directory.path)]);
    const [signer] = await agentSigners(agent.path);
    await assertRejects(() => signer.sign(DATA), UserError, "it refuses to sign");
  });
});

describe("an ssh-agent that is not reachable", { ignore: windows }, () => {
  it("is named with the reason", async () => {
    await using directory = await createTempDirectory();
    const path = `${directory.path}/agent`;
    const reject = (reason: string) =>
      assertRejects(() => agentSigners(path), UserError, `Cannot use ssh-agent at "${path}": ${reason}`);
    await reject("No such file or directory");
    await Deno.writeTextFile(path, "");
    await reject("Connection refused");
  });
});

/** Runs the body with a socket that answers each request with these bytes; undefined for no answer. */
async function withFakeAgent(
  answers: (Uint8Array | undefined)[],
  body: (path: string) => Promise<void>,
): Promise<void> {
  await using directory = await createTempDirectory();
  const path = `${directory.path}/agent`;
  using listener = Deno.listen({ transport: "unix", path });
  const serve = async () => {
    for (const answer of answers) {
      using conn = await listener.accept();
      await conn.read(new Uint8Array(1024));
      if (answer) await writeAll(conn, answer);
      // Without an answer, the client closes the connection.
      else while (await conn.read(new Uint8Array(1024)) !== null);
    }
  };
  const serving = serve();
  await body(path);
  await serving;
}

const identities = (...blobs: Uint8Array[]) =>
  sshString(
    concat([Uint8Array.of(12), uint32(blobs.length), ...blobs.flatMap((blob) => [sshString(blob), sshString("")])]),
  );
const signature = (type: string, bytes: Uint8Array) =>
  sshString(concat([Uint8Array.of(14), sshString(concat([sshString(type), sshString(bytes)]))]));

describe("a hostile ssh-agent", { ignore: windows }, () => {
  it("is refused for answers that are too long, damaged or cut", async () => {
    const answers: [Uint8Array, string][] = [
      [uint32(0), "it has 0 bytes"],
      [uint32((256 << 10) + 1), `it has ${(256 << 10) + 1} bytes`],
      [uint32(0xffffffff), "it has 4294967295 bytes"],
      [uint32(10), "it has closed the connection"],
      [Uint8Array.of(0, 0), "it has closed the connection"],
      [new Uint8Array(), "it has closed the connection"],
      [sshString(Uint8Array.of(5)), "it refuses to list its keys"],
      [sshString(Uint8Array.of(12)), "it is too short"],
      [sshString(concat([Uint8Array.of(12), uint32(0xffffffff)])), "it is too short"],
      [sshString(concat([Uint8Array.of(12), uint32(0), Uint8Array.of(0)])), "extra bytes"],
      [identities(KEY.blob.subarray(0, 40)), "it is too short"],
      [identities(Uint8Array.of(0, 0, 0, 1, 0x1b)), "beyond ASCII"],
    ];
    for (const [answer, reason] of answers) {
      await withFakeAgent([answer], async (path) => {
        await assertRejects(() => agentSigners(path), UserError, reason);
      });
    }
  });

  it("is refused for a signature of another type, length or key", async () => {
    const answers: [Uint8Array, string][] = [
      [signature("ssh-rsa", new Uint8Array(64)), "a signature of another type"],
      [signature("ssh-ed25519", new Uint8Array(63)), "its signature has a wrong length"],
      [signature("ssh-ed25519", new Uint8Array(64)), "its signature is wrong"],
      [sshString(Uint8Array.of(6)), "it refuses to sign"],
    ];
    for (const [answer, reason] of answers) {
      await withFakeAgent([identities(KEY.blob), answer], async (path) => {
        const [signer] = await agentSigners(path);
        await assertRejects(() => signer.sign(DATA), UserError, reason);
      });
    }
  });

  it("has a limited time to answer", async () => {
    await withFakeAgent([undefined], async (path) => {
      await assertRejects(() => agentSigners(path, { listMs: 20 }), UserError, "no answer within 0.02 s");
    });
    await withFakeAgent([identities(KEY.blob), undefined], async (path) => {
      const [signer] = await agentSigners(path, { signMs: 20 });
      await assertRejects(() => signer.sign(DATA), UserError, "no answer within 0.02 s");
    });
  });
});

describe("the path of ssh-agent", () => {
  it("is SSH_AUTH_SOCK, or on Windows a named pipe", () => {
    const path = (value: string | undefined, isWindows: boolean) =>
      agentPath((name) => name === "SSH_AUTH_SOCK" ? value : undefined, isWindows);
    assertEquals(path("/run/agent", false), "/run/agent");
    assertEquals(path("", false), undefined);
    assertEquals(path(undefined, false), undefined);
    assertEquals(path(undefined, true), "\\\\.\\pipe\\openssh-ssh-agent");
    assertEquals(path("/tmp/ssh-x/agent", true), "\\\\.\\pipe\\openssh-ssh-agent");
    assertEquals(path("\\\\.\\pipe\\other", true), "\\\\.\\pipe\\other");
  });
});
