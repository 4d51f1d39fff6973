import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  fingerprintOf,
  formatPublicKeyLine,
  parsePublicKeyBlob,
  parsePublicKeyLine,
  publicKeyOf,
  verifySignature,
} from "../../../src/serve/keys/public_key.ts";
import { FormatError, sshString } from "../../../src/protocol/serve/ssh_strings.ts";
import { concat } from "../../../src/bytes.ts";
import { createTempDirectory } from "../../support/files/temp.ts";
import { hasSshKeygen, makeKey, runTool } from "../../support/hosts/ssh_tools.ts";

const RAW = new Uint8Array(32).fill(7);
const refuses = (line: string, reason: string) => assertThrows(() => parsePublicKeyLine(line), FormatError, reason);

describe("a public key of OpenSSH", () => {
  it("has the fingerprint that ssh-keygen prints", { ignore: !hasSshKeygen }, async () => {
    await using directory = await createTempDirectory();
    const path = await makeKey(directory.path, { comment: "a user@host" });
    const line = (await Deno.readTextFile(`${path}.pub`)).trimEnd();
    const { key, comment } = parsePublicKeyLine(line);
    assertEquals(comment, "a user@host");
    assertEquals(formatPublicKeyLine(key, comment), line);
    const printed = await runTool("ssh-keygen", ["-l", "-f", `${path}.pub`]);
    assertEquals(await fingerprintOf(key), printed.split(" ")[1]);
  });

  it("round-trips as a blob and as a line with tabs and spaces", () => {
    const key = publicKeyOf(RAW);
    assertEquals(parsePublicKeyBlob(key.blob), key);
    assertEquals(parsePublicKeyLine(`  ssh-ed25519\t${key.blob.toBase64()}  a comment `), {
      key,
      comment: "a comment",
    });
    assertEquals(parsePublicKeyLine(formatPublicKeyLine(key)), { key, comment: "" });
  });

  it("with another type is refused by name", { ignore: !hasSshKeygen }, async () => {
    await using directory = await createTempDirectory();
    for (const type of ["rsa", "ecdsa"]) {
      const path = await makeKey(directory.path, { name: type, type });
      refuses(
        await Deno.readTextFile(`${path}.pub`),
        `its type is ${type === "rsa" ? "ssh-rsa" : "ecdsa-sha2-nistp256"}`,
      );
    }
    const blob = concat([sshString("ssh-rsa"), sshString(RAW)]);
    assertThrows(() => parsePublicKeyBlob(blob), FormatError, "its type is ssh-rsa");
  });

  it("with a wrong length, extra bytes or invalid base64 is refused", () => {
    const { blob } = publicKeyOf(RAW);
    for (let length = 0; length < blob.length; length++) {
      assertThrows(() => parsePublicKeyBlob(blob.subarray(0, length)), FormatError, "it is too short");
    }
    assertThrows(() => parsePublicKeyBlob(concat([blob, RAW])), FormatError, "extra bytes");
    assertThrows(() => parsePublicKeyBlob(publicKeyOf(RAW.subarray(1)).blob), FormatError, "it has 31 bytes, not 32");
    const base64 = blob.toBase64();
    refuses(`ssh-ed25519 ${base64.slice(0, -1)}`, "it is not valid base64");
    refuses(`ssh-ed25519 ${base64.slice(0, -4)}=AAA`, "it is not valid base64");
    refuses("ssh-ed25519", "it must have the form TYPE BASE64 COMMENT");
    refuses("", "it must have the form TYPE BASE64 COMMENT");
    // Type of the line and of the blob differ.
    refuses(`ssh-ed25519 ${concat([sshString("ssh-dss"), sshString(RAW)]).toBase64()}`, "its type is ssh-dss");
  });

  it("verifies only a signature of the same data", async () => {
    const { privateKey, publicKey } = await crypto.subtle.generateKey("Ed25519", true, [
      "sign",
      "verify",
    ]) as CryptoKeyPair;
    const key = publicKeyOf(new Uint8Array(await crypto.subtle.exportKey("raw", publicKey)));
    const data = new TextEncoder().encode("data");
    const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", privateKey, data));
    assert(await verifySignature(key, signature, data));
    assertEquals(await verifySignature(key, signature, new TextEncoder().encode("date")), false);
    assertEquals(await verifySignature(key, signature.subarray(1), data), false);
    assertEquals(await verifySignature(key, signature.map((byte, at) => at === 63 ? byte ^ 1 : byte), data), false);
    for (const fill of [0, 1, 2, 0xff]) {
      assertEquals(await verifySignature(publicKeyOf(new Uint8Array(32).fill(fill)), signature, data), false);
    }
  });
});
