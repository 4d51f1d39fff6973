import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { concat } from "../../../src/bytes.ts";
import {
  equalsInConstantTime,
  isSecretProof,
  KEY_PROOF_NAMESPACE,
  keyProofData,
  keyProofMessage,
  type ProofBinding,
  secretProof,
} from "../../../src/protocol/serve/proof.ts";
import { sshString, uint32 } from "../../../src/protocol/serve/ssh_strings.ts";
import { parsePrivateKey } from "../../../src/serve/keys/private_key.ts";
import { parsePublicKeyLine, verifySignature } from "../../../src/serve/keys/public_key.ts";
import { createTempDirectory } from "../../support/files/temp.ts";
import { hasSshKeygen, runTool } from "../../support/hosts/ssh_tools.ts";
import golden from "../golden/serve_1.json" with { type: "json" };

const BINDING: ProofBinding = {
  certificateHash: Uint8Array.fromHex(golden.certificateHash),
  serverNonce: Uint8Array.fromHex(golden.serverNonce),
  clientNonce: Uint8Array.fromHex(golden.clientNonce),
};
const SECRET = Uint8Array.fromHex(golden.oneTimeSecret);
const { key: KEY } = parsePublicKeyLine(golden.publicKey);
/** The binding with one bit changed in one of its values. */
const CHANGED = (["certificateHash", "serverNonce", "clientNonce"] as const).map((name) => ({
  ...BINDING,
  [name]: BINDING[name].map((byte, at) => at === 31 ? byte ^ 1 : byte),
}));

/** Returns a signature file of ssh-keygen (PROTOCOL.sshsig). */
function armor(signature: Uint8Array): string {
  const inner = concat([sshString("ssh-ed25519"), sshString(signature)]);
  const fields = [KEY.blob, KEY_PROOF_NAMESPACE, "", "sha512", inner].map(sshString);
  const base64 = concat([new TextEncoder().encode("SSHSIG"), uint32(1), ...fields]).toBase64();
  return `-----BEGIN SSH SIGNATURE-----\n${base64.match(/.{1,70}/g)!.join("\n")}\n-----END SSH SIGNATURE-----\n`;
}

describe("the proof of a key", () => {
  it("has the golden bytes, which ssh-keygen has signed", async () => {
    assertEquals(keyProofMessage(BINDING, KEY.blob).toHex(), golden.keyMessage);
    const data = await keyProofData(BINDING, KEY.blob);
    assertEquals(data.toHex(), golden.signedData);
    const signer = await parsePrivateKey(golden.privateKey);
    assertEquals((await signer.sign(data)).toHex(), golden.signature);
    assert(await verifySignature(KEY, Uint8Array.fromHex(golden.signature), data));
  });

  it("is accepted by ssh-keygen -Y verify", { ignore: !hasSshKeygen }, async () => {
    await using directory = await createTempDirectory();
    const signer = await parsePrivateKey(golden.privateKey);
    const [signature, allowed] = ["signature", "allowed"].map((name) => `${directory.path}/${name}`);
    await Deno.writeTextFile(signature, armor(await signer.sign(await keyProofData(BINDING, KEY.blob))));
    await Deno.writeTextFile(allowed, `user ${golden.publicKey}\n`);
    const args = ["-Y", "verify", "-f", allowed, "-I", "user", "-n", KEY_PROOF_NAMESPACE, "-s", signature];
    await runTool("ssh-keygen", args, { input: keyProofMessage(BINDING, KEY.blob) });
  });

  it("fails for another certificate, nonce or key", async () => {
    const signature = Uint8Array.fromHex(golden.signature);
    for (const binding of CHANGED) {
      assertEquals(await verifySignature(KEY, signature, await keyProofData(binding, KEY.blob)), false);
    }
    const otherBlob = KEY.blob.map((byte, at) => at === KEY.blob.length - 1 ? byte ^ 1 : byte);
    assertEquals(await verifySignature(KEY, signature, await keyProofData(BINDING, otherBlob)), false);
  });

  it("refuses digests and nonces of another length", () => {
    for (const name of ["certificateHash", "serverNonce", "clientNonce"] as const) {
      for (const length of [0, 31, 33]) {
        const binding = { ...BINDING, [name]: new Uint8Array(length) };
        assertThrows(() => keyProofMessage(binding, KEY.blob), RangeError, "32 bytes each");
      }
    }
  });
});

describe("the proof of a one-time secret", () => {
  it("has the golden bytes of each end", async () => {
    assertEquals((await secretProof("server", SECRET, BINDING)).toHex(), golden.serverProof);
    assertEquals((await secretProof("client", SECRET, BINDING)).toHex(), golden.clientProof);
  });

  it("of one end is not that of its peer", async () => {
    assertNotEquals(golden.serverProof, golden.clientProof);
    assert(await isSecretProof("server", Uint8Array.fromHex(golden.serverProof), SECRET, BINDING));
    assertEquals(await isSecretProof("client", Uint8Array.fromHex(golden.serverProof), SECRET, BINDING), false);
  });

  it("fails for another certificate, nonce, secret or length", async () => {
    const proof = Uint8Array.fromHex(golden.clientProof);
    assert(await isSecretProof("client", proof, SECRET, BINDING));
    for (const binding of CHANGED) assertEquals(await isSecretProof("client", proof, SECRET, binding), false);
    const other = SECRET.map((byte) => byte ^ 1);
    assertEquals(await isSecretProof("client", proof, other, BINDING), false);
    for (const length of [0, 31]) {
      assertEquals(await isSecretProof("client", proof.subarray(0, length), SECRET, BINDING), false);
    }
    for (const length of [0, 15, 17]) {
      await assertRejects(() => secretProof("client", new Uint8Array(length), BINDING), RangeError, "16 bytes");
    }
  });
});

describe("equalsInConstantTime", () => {
  it("compares every byte and the length", () => {
    const bytes = Uint8Array.of(1, 2, 3);
    assert(equalsInConstantTime(bytes, bytes.slice()));
    assert(equalsInConstantTime(new Uint8Array(), new Uint8Array()));
    for (const other of [[1, 2], [0, 2, 3], [1, 0, 3], [1, 2, 0], [1, 2, 3, 0]]) {
      assertEquals(equalsInConstantTime(bytes, Uint8Array.from(other)), false);
    }
  });
});
