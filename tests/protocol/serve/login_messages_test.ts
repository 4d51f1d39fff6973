import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ProtocolError } from "../../../src/errors.ts";
import {
  formatLogin,
  MAX_LOGIN_LINE_BYTES,
  parseChallenge,
  parseProof,
  parseVerdict,
  type Proof,
  type Verdict,
} from "../../../src/protocol/serve/login_messages.ts";
import { mutate } from "../../fuzz/mutate.ts";
import { RandomBytes } from "../../support/files/random_bytes.ts";
import golden from "../golden/serve_lines_1.json" with { type: "json" };

const nonce = Uint8Array.fromHex(golden.nonce);
const mac = new Uint8Array(32).fill(2);
const route = "00112233445566778899aabbccddeeff";
const key = Uint8Array.fromBase64("AAAAC3NzaC1lZDI1NTE5");
const signature = new Uint8Array(64).fill(1);

const PROOFS: [Proof, string][] = [
  [{ type: "key", nonce, key, signature, name: "me" }, golden.keyProof],
  [{ type: "once", nonce, mac }, golden.onceProof],
];
const VERDICTS: [Verdict, string][] = [
  [{ type: "accepted", route, onePort: true, mac: undefined }, golden.accepted],
  [{ type: "accepted", route, onePort: false, mac }, golden.acceptedOnce],
  [{ type: "denied" }, golden.denied],
  [{ type: "refused", message: "it accepts no new sessions", busy: undefined }, golden.refusedSession],
  [{ type: "refused", message: "full", busy: true }, '{"type":"refused","message":"full","busy":true}\n'],
];

/** Returns the line with a field replaced, or without it. */
function altered(line: string, name: string, value?: unknown): string {
  return JSON.stringify({ ...JSON.parse(line), [name]: value });
}

describe("messages of a login at a server", () => {
  it("have the recorded form", () => {
    assertEquals(formatLogin({ type: "challenge", nonce }), golden.challenge);
    assertEquals(parseChallenge(golden.challenge), { type: "challenge", nonce });
    for (const [proof, line] of PROOFS) {
      assertEquals(formatLogin(proof), line);
      assertEquals(parseProof(line), proof);
    }
    for (const [verdict, line] of VERDICTS) {
      assertEquals(formatLogin(verdict), line);
      assertEquals(parseVerdict(line), verdict);
    }
  });

  it("fit into a line", () => {
    const largest = { type: "key" as const, nonce, key: new Uint8Array(256), signature, name: "\u0000".repeat(64) };
    assertEquals(formatLogin(largest).length <= MAX_LOGIN_LINE_BYTES, true);
    assertEquals(parseProof(formatLogin(largest)), largest);
  });

  it("ignore unknown fields, which a later version may add", () => {
    assertEquals(parseVerdict(altered(golden.denied, "later", 1)), { type: "denied" });
  });

  it("with a missing or invalid field are refused", () => {
    const short = new Uint8Array(31).toBase64();
    const long = new Uint8Array(65).toBase64();
    const bad: [(line: string) => unknown, string][] = [
      [parseChallenge, "x"],
      [parseChallenge, "[]"],
      [parseChallenge, golden.denied],
      [parseChallenge, altered(golden.challenge, "nonce")],
      [parseChallenge, altered(golden.challenge, "nonce", short)],
      [parseProof, golden.challenge],
      [parseProof, altered(golden.keyProof, "nonce", long)],
      [parseProof, altered(golden.keyProof, "signature", short)],
      [parseProof, altered(golden.keyProof, "signature", long)],
      [parseProof, altered(golden.keyProof, "key")],
      [parseProof, altered(golden.keyProof, "key", new Uint8Array(257).toBase64())],
      [parseProof, altered(golden.keyProof, "name", "x".repeat(65))],
      [parseProof, altered(golden.keyProof, "name", 1)],
      [parseProof, altered(golden.onceProof, "mac", "%")],
      [parseProof, altered(golden.onceProof, "mac", short)],
      [parseVerdict, golden.challenge],
      [parseVerdict, altered(golden.accepted, "route", "../..")],
      [parseVerdict, altered(golden.accepted, "route", route.toUpperCase())],
      [parseVerdict, altered(golden.accepted, "onePort", 1)],
      [parseVerdict, altered(golden.acceptedOnce, "mac", short)],
      [parseVerdict, altered(golden.refusedSession, "message", "x".repeat(1025))],
    ];
    for (const [parse, line] of bad) assertThrows(() => parse(line), ProtocolError, "", line);
  });

  it("that are damaged are accepted, or refused with a ProtocolError", () => {
    const random = new RandomBytes("login messages");
    const samples = [[parseProof, golden.keyProof], [parseProof, golden.onceProof], [
      parseVerdict,
      golden.acceptedOnce,
    ]];
    let refused = 0;
    for (let round = 0; round < 2000; round++) {
      const [parse, sample] = samples[round % samples.length] as [(line: string) => unknown, string];
      const line = new TextDecoder().decode(mutate(new TextEncoder().encode(sample), random));
      try {
        parse(line);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        refused++;
      }
    }
    assertEquals(refused > 500, true);
  });
});
