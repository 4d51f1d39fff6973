import { assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  formatHello,
  type Hello,
  HELLO_MAGIC,
  HelloScanner,
  negotiateVersion,
  parseHello,
} from "../../../src/protocol/control/hello.ts";
import { MAX_LINE_BYTES, MAX_NOISE_BYTES } from "../../../src/protocol/limits.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";
import { assertProtocolError } from "../protocol_error.ts";

const HELLO: Hello = {
  versions: [1, 2],
  software: "0.1.0",
  features: ["zstd"],
  session: "00112233445566778899aabbccddeeff",
  secret: randomBytes(32, "secret"),
  port: 1232,
  addresses: ["192.0.2.1", "2001:db8::1"],
  ciphers: ["aes-128-gcm"],
};
/** Optional fields. */
const WITHOUT = { client: undefined, system: undefined, cores: undefined };
const LINE = formatHello(HELLO);
const bytesOf = (text: string) => new TextEncoder().encode(text);
const changed = (fields: Record<string, unknown>) =>
  HELLO_MAGIC + JSON.stringify({ ...JSON.parse(LINE.slice(HELLO_MAGIC.length)), ...fields });

describe("parseHello", () => {
  it("returns the fields of a formatted hello", () => {
    assertEquals(parseHello(LINE), { ...HELLO, ...WITHOUT });
  });

  it("returns the optional fields that the hello contains", () => {
    for (const fields of [{ client: "2001:db8::7" }, { system: "linux x86_64" }, { cores: 8 }]) {
      assertEquals(parseHello(changed(fields)), { ...HELLO, ...WITHOUT, ...fields });
    }
  });

  it("ignores unknown fields", () => {
    assertEquals(parseHello(changed({ later: { more: 1 } })), parseHello(LINE));
  });

  it("rejects a hello without a required field", () => {
    for (const name of Object.keys(HELLO)) {
      assertProtocolError("bad-message", () => parseHello(changed({ [name]: undefined })));
    }
  });

  const wrong: [string, unknown[]][] = [
    ["versions", [1, "1", [-1], [1.5], ["1"], [null], Array(65).fill(1)]],
    ["software", [1, null, "x".repeat(65)]],
    ["features", ["zstd", [1], Array(65).fill("x")]],
    ["session", ["", "00", "g0112233445566778899aabbccddeeff", "00112233445566778899AABBCCDDEEFF", "0".repeat(33), 5]],
    ["secret", ["", "????", btoa("x".repeat(31)), btoa("x".repeat(33)), 7, "A".repeat(100)]],
    ["port", [0, -1, 65_536, 1.5, "1232", null]],
    ["addresses", ["192.0.2.1", [1], Array(65).fill("a")]],
    ["client", [1, null, "x".repeat(256)]],
    ["system", [1, null, "x".repeat(65)]],
    ["cores", [0, -1, 1.5, "8", null, 1048577]],
    ["ciphers", ["aes-128-gcm", [null], Array(17).fill("a")]],
  ];
  for (const [name, values] of wrong) {
    it(`rejects a wrong value of ${name}`, () => {
      for (const value of values) assertProtocolError("bad-message", () => parseHello(changed({ [name]: value })));
    });
  }

  it("rejects a hello that is not a JSON object", () => {
    for (const text of ["", "null", "[]", '"x"', "{", "5"]) {
      assertProtocolError("bad-message", () => parseHello(HELLO_MAGIC + text));
    }
  });
});

describe("negotiateVersion", () => {
  it("returns the highest common version", () => {
    assertEquals(negotiateVersion([1], [1]), 1);
    assertEquals(negotiateVersion([1, 2, 3], [1, 2]), 2);
    assertEquals(negotiateVersion([1, 2], [3, 2, 1]), 2);
    assertEquals(negotiateVersion([1, 10, 9], [9, 10]), 10);
  });

  it("names the versions of both ends if they have none in common", () => {
    const { message } = assertProtocolError("no-version", () => negotiateVersion([1, 2], [3, 4]));
    assertStringIncludes(message, "3, 4");
    assertStringIncludes(message, "1, 2");
    assertStringIncludes(assertProtocolError("no-version", () => negotiateVersion([1], [])).message, "(none)");
  });
});

describe("HelloScanner", () => {
  it("finds the hello between noise and other bytes, for every cut of the input", () => {
    const wire = bytesOf(`Welcome to høst\n\n${LINE}\nafter\n`);
    for (let cut = 0; cut <= wire.length; cut++) {
      const scanner = new HelloScanner();
      const early = scanner.push(wire.subarray(0, cut));
      const found = early ?? scanner.push(wire.subarray(cut));
      const rest = [...found?.rest ?? [], ...early ? wire.subarray(cut) : []];
      assertEquals([found?.line, rest], [LINE, [...bytesOf("after\n")]], `cut at ${cut}`);
      assertEquals(scanner.noise, "Welcome to høst\n\n");
    }
  });

  it("returns noise without a line break, but no part of an incomplete hello", () => {
    const scanner = new HelloScanner();
    for (
      const [text, noise] of [["motd\npass", "motd\npass"], ["word: escp-hello {", "motd\npassword: escp-hello {"]]
    ) {
      scanner.push(bytesOf(text));
      assertEquals(scanner.noise, noise);
    }
    const cut = new HelloScanner();
    cut.push(bytesOf("motd\n" + LINE));
    assertEquals(cut.noise, "motd\n");
  });

  it("ignores the magic inside a line of noise", () => {
    const noise = `x${LINE}\n escp-hello {}\nescp-hell\nescp-hello\n`;
    const found = new HelloScanner().push(bytesOf(noise + LINE + "\n"));
    assertEquals(found?.line, LINE);
  });

  it("accepts 64 KiB of noise before the hello, in one or many lines, and rejects one more byte", () => {
    const fill = "x".repeat(MAX_NOISE_BYTES % 5);
    const lines = [
      "x".repeat(MAX_NOISE_BYTES - 1) + "\n",
      "\n".repeat(MAX_NOISE_BYTES),
      fill + "motd\n".repeat((MAX_NOISE_BYTES - fill.length) / 5),
    ];
    for (const noise of lines) {
      assertEquals(noise.length, MAX_NOISE_BYTES);
      assertEquals(new HelloScanner().push(bytesOf(noise + LINE + "\n"))?.line, LINE);
      assertProtocolError("no-hello", () => new HelloScanner().push(bytesOf("\n" + noise + LINE + "\n")));
    }
  });

  it("counts a line that begins like a hello as noise as soon as it differs", () => {
    const noise = bytesOf("x".repeat(MAX_NOISE_BYTES - 1) + "\n");
    for (let length = 1; length < HELLO_MAGIC.length; length++) {
      const scanner = new HelloScanner();
      scanner.push(noise);
      assertEquals(scanner.push(bytesOf(HELLO_MAGIC.slice(0, length))), undefined);
      assertProtocolError("no-hello", () => scanner.push(bytesOf("!")));
    }
  });

  it("counts all bytes of a line that began like a hello", () => {
    const noise = "x".repeat(MAX_NOISE_BYTES - 11) + "\n";
    assertEquals(new HelloScanner().push(bytesOf(`${noise}escp-hell!`)), undefined);
    assertProtocolError("no-hello", () => new HelloScanner().push(bytesOf(`${noise}escp-hello!`)));
  });

  it("accepts one line of 64 KiB of noise, and rejects one more byte", () => {
    const line = "x".repeat(MAX_NOISE_BYTES - 1);
    assertEquals(new HelloScanner().push(bytesOf(line + "\n")), undefined);
    assertProtocolError("no-hello", () => new HelloScanner().push(bytesOf(line + "x\n")));
  });

  it("rejects noise without a line break at the first byte beyond 64 KiB", () => {
    const scanner = new HelloScanner();
    assertEquals(scanner.push(bytesOf("x".repeat(MAX_NOISE_BYTES))), undefined);
    assertProtocolError("no-hello", () => scanner.push(bytesOf("x")));
  });

  it("accepts a hello of 1 MiB, and rejects one more byte", () => {
    const fill = MAX_LINE_BYTES - HELLO_MAGIC.length;
    const found = new HelloScanner().push(bytesOf(HELLO_MAGIC + "x".repeat(fill) + "\n"));
    assertEquals(found?.line.length, MAX_LINE_BYTES);
    assertProtocolError("no-hello", () => new HelloScanner().push(bytesOf(HELLO_MAGIC + "x".repeat(fill + 1))));
  });
});
