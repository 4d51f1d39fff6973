import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UserError } from "../../../src/errors.ts";
import { FormatError } from "../../../src/protocol/serve/ssh_strings.ts";
import { parsePrivateKey, readPrivateKey } from "../../../src/serve/keys/private_key.ts";
import { parsePublicKeyLine, verifySignature } from "../../../src/serve/keys/public_key.ts";
import { makeFifo } from "../../support/files/fifo.ts";
import { createTempDirectory } from "../../support/files/temp.ts";
import { hasSshKeygen, makeKey } from "../../support/hosts/ssh_tools.ts";

const BEGIN = "-----BEGIN OPENSSH PRIVATE KEY-----";
const END = "-----END OPENSSH PRIVATE KEY-----";

/** Returns the bytes of a key file. */
async function decodeFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return Uint8Array.fromBase64((await Deno.readTextFile(path)).split("\n").slice(1, -2).join(""));
}

const encodeFile = (bytes: Uint8Array) => `${BEGIN}\n${bytes.toBase64()}\n${END}\n`;

describe("a private key file of OpenSSH", { ignore: !hasSshKeygen }, () => {
  it("signs for the public key that ssh-keygen wrote", async () => {
    await using directory = await createTempDirectory();
    // The padding depends on the length of the comment.
    for (let length = 0; length < 9; length++) {
      const path = await makeKey(directory.path, { name: `key${length}`, comment: "x".repeat(length) });
      const signer = (await readPrivateKey(path))!;
      const { key } = parsePublicKeyLine((await Deno.readTextFile(`${path}.pub`)).trimEnd());
      assertEquals(signer.publicKey, key);
      const data = new TextEncoder().encode("data");
      assert(await verifySignature(key, await signer.sign(data), data));
    }
  });

  it("is undefined if it does not exist", async () => {
    await using directory = await createTempDirectory();
    assertEquals(await readPrivateKey(`${directory.path}/none`), undefined);
  });

  it("with a passphrase is refused with a hint to ssh-agent", async () => {
    await using directory = await createTempDirectory();
    const path = await makeKey(directory.path, { passphrase: "secret" });
    const error = await assertRejects(
      () => readPrivateKey(path),
      UserError,
      `Cannot read the key "${path}": it has a passphrase`,
    );
    assert(error.hint?.includes("ssh-agent"));
  });

  it("of another type or format is refused with a hint", async () => {
    await using directory = await createTempDirectory();
    const cases = [
      { name: "rsa", type: "rsa", reason: "its type is ssh-rsa" },
      { name: "rsa-passphrase", type: "rsa", passphrase: "secret", reason: "its type is ssh-rsa" },
      {
        name: "pem",
        type: "rsa",
        format: ["-m", "PEM"],
        reason: 'its format is "RSA PRIVATE KEY", not that of OpenSSH',
      },
    ];
    for (const { reason, ...options } of cases) {
      const path = await makeKey(directory.path, options);
      const error = await assertRejects(() => readPrivateKey(path), UserError, reason);
      assertEquals(error.hint, "Make a key with ssh-keygen -t ed25519");
      await assertRejects(() => readPrivateKey(`${path}.pub`), UserError, "Cannot ");
    }
  });

  it("that other users may access is refused", { ignore: Deno.build.os === "windows" }, async () => {
    await using directory = await createTempDirectory();
    const path = await makeKey(directory.path);
    for (const mode of [0o640, 0o604, 0o610, 0o666]) {
      await Deno.chmod(path, mode);
      await assertRejects(
        () => readPrivateKey(path),
        UserError,
        `other users may access it (mode 0${mode.toString(8)})`,
      );
    }
    await Deno.chmod(path, 0o400);
    assert(await readPrivateKey(path));
  });

  it("that is a directory, FIFO or device, too large or not text is refused", async () => {
    await using directory = await createTempDirectory();
    await Deno.chmod(directory.path, 0o700);
    await assertRejects(() => readPrivateKey(directory.path), UserError, "it is not a regular file");
    const fifo = `${directory.path}/fifo`;
    makeFifo(fifo);
    await assertRejects(() => readPrivateKey(fifo), UserError, "it is not a regular file");
    await assertRejects(() => readPrivateKey("/dev/zero"), UserError, "it is not a regular file");
    const path = `${directory.path}/large`;
    for (
      const [content, reason] of [["x".repeat((64 << 10) + 1), "larger than 64 KiB"], ["\xff\0", "not a private key"]]
    ) {
      await Deno.writeTextFile(path, content, { mode: 0o600 });
      await assertRejects(() => readPrivateKey(path), UserError, reason);
    }
  });

  it("cut at any byte is refused", async () => {
    await using directory = await createTempDirectory();
    const bytes = await decodeFile(await makeKey(directory.path));
    assert(await parsePrivateKey(encodeFile(bytes)));
    for (let length = 0; length < bytes.length; length++) {
      await assertRejects(() => parsePrivateKey(encodeFile(bytes.subarray(0, length))), FormatError);
    }
  });

  it("with a changed bit in a key, a check or the padding is refused", async () => {
    await using directory = await createTempDirectory();
    const bytes = await decodeFile(await makeKey(directory.path, { comment: "" }));
    // Magic, cipher, derivation and its options, and the number of keys precede the public key and the private part.
    const start = "openssh-key-v1\0".length + (4 + 4) + (4 + 4) + 4 + 4;
    for (let at = start; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at] ^= 1;
      await assertRejects(() => parsePrivateKey(encodeFile(damaged)), FormatError, undefined, `byte ${at}`);
    }
  });

  it("of two parts that do not belong together is refused", async () => {
    await using directory = await createTempDirectory();
    const one = await decodeFile(await makeKey(directory.path, { name: "one" }));
    const other = await decodeFile(await makeKey(directory.path, { name: "other" }));
    // Private part: two checks, type, public key, and the pair of seed and public key.
    const seed = 15 + 8 + 8 + 4 + 4 + (4 + 51) + 4 + 8 + (4 + 11) + (4 + 32) + 4;
    one.set(other.subarray(seed, seed + 32), seed);
    await assertRejects(() => parsePrivateKey(encodeFile(one)), FormatError, "its public and private parts differ");
  });
});
