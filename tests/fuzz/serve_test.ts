/** Files, keys, agents and operands of sessions without ssh. */

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UserError } from "../../src/errors.ts";
import { FormatError, SshReader } from "../../src/protocol/serve/ssh_strings.ts";
import { formatOneTimeUrl, parseEscpsOperand } from "../../src/serve/escps_operand.ts";
import {
  answerLength,
  MAX_ANSWER_BYTES,
  parseIdentities,
  parseSignature,
} from "../../src/serve/keys/agent_messages.ts";
import { parsePrivateKey } from "../../src/serve/keys/private_key.ts";
import {
  formatPublicKeyLine,
  parsePublicKeyBlob,
  parsePublicKeyLine,
  publicKeyOf,
} from "../../src/serve/keys/public_key.ts";
import { judgeServer, parseKnownServers } from "../../src/serve/known_servers.ts";
import { parseAuthorizedKeys } from "../../src/serve/server/authorized_keys.ts";
import { clientNetwork } from "../../src/serve/server/client_network.ts";
import { parseAddressPattern, parseIp } from "../../src/serve/server/ip_address.ts";
import golden from "../protocol/golden/serve_1.json" with { type: "json" };
import { RandomBytes } from "../support/files/random_bytes.ts";
import { mutate, noise } from "./mutate.ts";

const ROUNDS = 4000;
const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

const KEY = publicKeyOf(new Uint8Array(32).fill(1));
const LINE = formatPublicKeyLine(KEY, "me@host");
const FINGERPRINT = `SHA256:${"A".repeat(43)}`;

/**
 * Decodes random bytes and damaged samples, which may throw only an error of one class. Asserts that both outcomes occur, so
 * the samples are useful.
 */
async function fuzz(
  seed: string,
  samples: Uint8Array[],
  expected: new (...args: never[]) => Error,
  decode: (bytes: Uint8Array<ArrayBuffer>) => unknown,
  rounds = ROUNDS,
): Promise<void> {
  const random = new RandomBytes(seed);
  const seen = { accepted: 0, rejected: 0 };
  for (let round = 0; round < rounds; round++) {
    const bytes = round % 4 === 0 ? noise(300, random) : mutate(samples[random.below(samples.length)], random);
    try {
      await decode(bytes);
      seen.accepted++;
    } catch (error) {
      if (!(error instanceof expected)) throw new Error(`With the bytes ${bytes.toHex()}`, { cause: error });
      seen.rejected++;
    }
  }
  assert(seen.accepted > 0 && seen.rejected > 0, `${seed}: ${JSON.stringify(seen)}`);
}

describe("with damaged and random bytes, before the proof", () => {
  it("SshReader returns views within the bytes, or throws a FormatError", async () => {
    await fuzz("reader", [KEY.blob], FormatError, (bytes) => {
      const reader = new SshReader(bytes, "x");
      let length = 0;
      while (reader.left > 0) length += 4 + reader.string().length;
      assertEquals(length, bytes.length);
    });
  });

  it("a public key round-trips, or is refused with a FormatError", async () => {
    await fuzz("blob", [KEY.blob], FormatError, (bytes) => {
      assertEquals(parsePublicKeyBlob(bytes).blob, bytes);
    });
    await fuzz("line", [bytesOf(LINE)], FormatError, (bytes) => {
      const { key, comment } = parsePublicKeyLine(textOf(bytes));
      assertEquals(parsePublicKeyLine(formatPublicKeyLine(key, comment)), { key, comment });
    });
  });

  it("a private key is read, or refused with a FormatError", async () => {
    const [begin, ...lines] = golden.privateKey.trimEnd().split("\n");
    const inner = Uint8Array.fromBase64(lines.slice(0, -1).join(""));
    await fuzz(
      "private text",
      [bytesOf(golden.privateKey)],
      FormatError,
      (bytes) => parsePrivateKey(textOf(bytes)),
      1000,
    );
    await fuzz("private bytes", [inner], FormatError, async (bytes) => {
      await parsePrivateKey(`${begin}\n${bytes.toBase64()}\n${lines.at(-1)}\n`);
    }, 1000);
  });

  it("an answer of ssh-agent is read, or refused with a FormatError", async () => {
    const identities = Uint8Array.fromHex(
      `0c00000002${"00000033"}${KEY.blob.toHex()}00000001780000000b000000077373682d72736100000000`,
    );
    assertEquals(parseIdentities(identities)!.length, 1);
    await fuzz("identities", [identities], FormatError, (bytes) => {
      for (const { key } of parseIdentities(bytes) ?? []) assertEquals(key.raw.length, 32);
    });
    const signature = Uint8Array.fromHex(`0e000000530000000b7373682d6564323535313900000040${"07".repeat(64)}`);
    assertEquals(parseSignature(signature)!.length, 64);
    await fuzz("signature", [signature], FormatError, (bytes) => {
      assertEquals(parseSignature(bytes)?.length ?? 64, 64);
    });
    await fuzz("length", [Uint8Array.of(0, 0, 1, 0)], FormatError, (bytes) => {
      const length = answerLength(bytes.subarray(0, 4));
      assert(length >= 1 && length <= MAX_ANSWER_BYTES);
    });
  });

  it("authorized keys are valid keys with known options, and all other lines are reported", () => {
    const random = new RandomBytes("authorized");
    const options = [
      'root="/a b"',
      'allow="push,pull"',
      'limit="10M"',
      'from="10.0.0.0/8,!::1"',
      'root="a\\"b",allow="pull"',
    ];
    const sample = bytesOf([LINE, ...options.map((each) => `${each} ${LINE}`)].join("\n"));
    const seen = { keys: 0, invalid: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      const text = textOf(round % 4 === 0 ? noise(300, random) : mutate(sample, random));
      const { keys, invalid } = parseAuthorizedKeys(text);
      seen.keys += keys.length;
      seen.invalid += invalid.length;
      assert(keys.length + invalid.length <= text.split("\n").length);
      for (const { key, options: { root, allow, bytesPerSecond, allowsFrom } } of keys) {
        assertEquals(key.raw.length, 32);
        assert(root !== "" && allow?.length !== 0 && (bytesPerSecond ?? 1) > 0);
        assert(allowsFrom === undefined || typeof allowsFrom("10.1.2.3") === "boolean");
      }
    }
    assert(seen.keys > 0 && seen.invalid > 0);
  });

  it("known servers are valid lines, or the file is refused with a UserError", async () => {
    const sample = bytesOf(`# servers\nweb1:7523 ${FINGERPRINT}\n[::1]:1 ${FINGERPRINT}\n`);
    await fuzz("known", [sample], UserError, (bytes) => {
      for (const { address, fingerprint } of parseKnownServers(textOf(bytes), "f")) {
        assert(/^\S+:[1-9][0-9]{0,4}$/.test(address) && fingerprint.length === FINGERPRINT.length);
        // A line that is written from it has the same contents.
        const [again] = parseKnownServers(`${address} ${fingerprint}`, "f");
        assertEquals([again.address, again.fingerprint], [address, fingerprint]);
      }
    });
  });

  it("a damaged line of a known server never makes the server known with another certificate", () => {
    const random = new RandomBytes("trust");
    const sample = bytesOf(`web1:7523 ${FINGERPRINT}\n`);
    const other = `SHA256:${"A".repeat(21)}B${"A".repeat(21)}`;
    for (let round = 0; round < ROUNDS; round++) {
      const text = textOf(mutate(sample, random));
      if (text.includes(other)) continue;
      try {
        const trust = judgeServer(parseKnownServers(text, "f"), { host: "web1", port: 7523 }, other);
        assert(trust.state !== "known", text);
      } catch (error) {
        assert(error instanceof UserError, `${error}`);
      }
    }
  });

  it("an escps operand has a path below the root, or is refused with a UserError", async () => {
    const key = { certificateHash: new Uint8Array(32).fill(3), secret: new Uint8Array(16).fill(4) };
    const samples = ["escps://me@web1:80/a%20b/~c#d", "escps://[::1]/", formatOneTimeUrl({ host: "h", port: 1 }, key)];
    await fuzz("operand", samples.map(bytesOf), UserError, (bytes) => {
      const text = textOf(bytes);
      if (!text.startsWith("escps://")) throw new UserError("another operand");
      const { host, port, path, oneTimeKey } = parseEscpsOperand(text);
      assert(host !== "" && !host.startsWith("-") && port >= 1 && port <= 65535);
      assert(path !== "" && !path.startsWith("/") && !path.startsWith("~"), path);
      assertEquals([oneTimeKey?.certificateHash.length ?? 32, oneTimeKey?.secret.length ?? 16], [32, 16]);
    });
  });

  it("an address and a pattern of addresses are read, or undefined", () => {
    const random = new RandomBytes("addresses");
    const samples = ["10.0.0.0/8", "192.168.*", "2001:db8::/32", "::ffff:10.1.2.3", "fe80::1%eth0"].map(bytesOf);
    const seen = { addresses: 0, patterns: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      const text = textOf(round % 4 === 0 ? noise(40, random) : mutate(samples[random.below(samples.length)], random));
      const ip = parseIp(text);
      assert(ip === undefined || ip.length === 4 || ip.length === 16);
      seen.addresses += ip ? 1 : 0;
      const test = parseAddressPattern(text);
      seen.patterns += test ? 1 : 0;
      assert(test === undefined || typeof test(Uint8Array.of(10, 1, 2, 3)) === "boolean");
      assert(clientNetwork(text).length <= Math.max(text.length, 40));
    }
    assert(seen.addresses > 0 && seen.patterns > 0);
  });
});
