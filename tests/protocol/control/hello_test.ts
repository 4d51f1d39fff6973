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
import { randomBytes } from "../../support/random_bytes.ts";
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
const LINE = formatHello(HELLO);
const bytesOf = (text: string) => new TextEncoder().encode(text);
const changed = (fields: Record<string, unknown>) =>
  HELLO_MAGIC + JSON.stringify({ ...JSON.parse(LINE.slice(HELLO_MAGIC.length)), ...fields });

describe("parseHello", () => {
  it("gives back what was formatted", () => assertEquals(parseHello(LINE), HELLO));

  it("may say where the client is", () => {
    assertEquals(parseHello(changed({ client: "2001:db8::7" })), { ...HELLO, client: "2001:db8::7" });
  });

  it("leaves out fields that it does not know", () => {
    assertEquals(parseHello(changed({ later: { more: 1 } })), HELLO);
  });

  it("rejects each field that is missing", () => {
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
    ["ciphers", ["aes-128-gcm", [null], Array(17).fill("a")]],
  ];
  for (const [name, values] of wrong) {
    it(`rejects ${name} that is not what it should be`, () => {
      for (const value of values) assertProtocolError("bad-message", () => parseHello(changed({ [name]: value })));
    });
  }

  it("rejects what is no JSON object", () => {
    for (const text of ["", "null", "[]", '"x"', "{", "5"]) {
      assertProtocolError("bad-message", () => parseHello(HELLO_MAGIC + text));
    }
  });
});

describe("negotiateVersion", () => {
  it("takes the best that both know, whichever side is newer", () => {
    assertEquals(negotiateVersion([1], [1]), 1);
    assertEquals(negotiateVersion([1, 2, 3], [1, 2]), 2);
    assertEquals(negotiateVersion([1, 2], [3, 2, 1]), 2);
    assertEquals(negotiateVersion([1, 10, 9], [9, 10]), 10);
  });

  it("names the versions of both when they do not meet", () => {
    const { message } = assertProtocolError("no-version", () => negotiateVersion([1, 2], [3, 4]));
    assertStringIncludes(message, "3, 4");
    assertStringIncludes(message, "1, 2");
    assertStringIncludes(assertProtocolError("no-version", () => negotiateVersion([1], [])).message, "(none)");
  });
});

describe("HelloScanner", () => {
  it("finds the line at every cut, behind noise and before other bytes", () => {
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

  it("tells as noise what the shell said, also without a line break, and nothing of a hello that was cut", () => {
    const scanner = new HelloScanner();
    for (
      const [said, noise] of [["motd\npass", "motd\npass"], ["word: escp-hello {", "motd\npassword: escp-hello {"]]
    ) {
      scanner.push(bytesOf(said));
      assertEquals(scanner.noise, noise);
    }
    const cut = new HelloScanner();
    cut.push(bytesOf("motd\n" + LINE));
    assertEquals(cut.noise, "motd\n");
  });

  it("does not take magic inside a line of noise for the hello", () => {
    const noise = `x${LINE}\n escp-hello {}\nescp-hell\nescp-hello\n`;
    const found = new HelloScanner().push(bytesOf(noise + LINE + "\n"));
    assertEquals(found?.line, LINE);
  });

  it("takes 64 KiB of noise before the hello, in one line or in many, and rejects one byte more", () => {
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

  it("rejects a line that begins as a hello does as soon as it turns out to be noise beyond the limit", () => {
    const noise = bytesOf("x".repeat(MAX_NOISE_BYTES - 1) + "\n");
    for (let length = 1; length < HELLO_MAGIC.length; length++) {
      const scanner = new HelloScanner();
      scanner.push(noise);
      assertEquals(scanner.push(bytesOf(HELLO_MAGIC.slice(0, length))), undefined);
      assertProtocolError("no-hello", () => scanner.push(bytesOf("!")));
    }
  });

  it("counts the bytes of the beginning that was taken for a hello", () => {
    const noise = "x".repeat(MAX_NOISE_BYTES - 11) + "\n";
    assertEquals(new HelloScanner().push(bytesOf(`${noise}escp-hell!`)), undefined);
    assertProtocolError("no-hello", () => new HelloScanner().push(bytesOf(`${noise}escp-hello!`)));
  });

  it("takes a complete line of noise of 64 KiB and rejects one byte more", () => {
    const line = "x".repeat(MAX_NOISE_BYTES - 1);
    assertEquals(new HelloScanner().push(bytesOf(line + "\n")), undefined);
    assertProtocolError("no-hello", () => new HelloScanner().push(bytesOf(line + "x\n")));
  });

  it("rejects noise without a line break as soon as it is too much", () => {
    const scanner = new HelloScanner();
    assertEquals(scanner.push(bytesOf("x".repeat(MAX_NOISE_BYTES))), undefined);
    assertProtocolError("no-hello", () => scanner.push(bytesOf("x")));
  });

  it("bears a hello that is longer than the noise may be, up to the limit of a line", () => {
    const fill = MAX_LINE_BYTES - HELLO_MAGIC.length;
    const found = new HelloScanner().push(bytesOf(HELLO_MAGIC + "x".repeat(fill) + "\n"));
    assertEquals(found?.line.length, MAX_LINE_BYTES);
    assertProtocolError("no-hello", () => new HelloScanner().push(bytesOf(HELLO_MAGIC + "x".repeat(fill + 1))));
  });
});
