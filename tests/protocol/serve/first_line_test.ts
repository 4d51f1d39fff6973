import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ProtocolError } from "../../../src/errors.ts";
import {
  formatAnswer,
  formatFirstLine,
  isTlsStart,
  MAX_ANSWER_BYTES,
  MAX_CERTIFICATE_BYTES,
  MAX_FIRST_LINE_BYTES,
  parseAnswer,
  parseFirstLine,
} from "../../../src/protocol/serve/first_line.ts";
import { RandomBytes } from "../../support/files/random_bytes.ts";
import golden from "../golden/serve_lines_1.json" with { type: "json" };
import { mutate } from "../../fuzz/mutate.ts";

const ROUTE = "00112233445566778899aabbccddeeff";

describe("the first line of a connection to a server", () => {
  it("has the recorded form for each purpose", () => {
    assertEquals(formatFirstLine({ kind: "control" }), golden.control);
    assertEquals(formatFirstLine({ kind: "data", route: ROUTE }), golden.data);
    assertEquals(parseFirstLine(golden.control.trimEnd()), { kind: "control" });
    assertEquals(parseFirstLine(golden.data.trimEnd()), { kind: "data", route: ROUTE });
    assertEquals(golden.data.length <= MAX_FIRST_LINE_BYTES, true);
  });

  it("never begins like TLS", () => {
    const bytesOf = (text: string) => new TextEncoder().encode(text);
    assertEquals([golden.control, golden.data].some((line) => isTlsStart(bytesOf(line))), false);
    assertEquals([[0x16], [0x16, 3, 1], [0x15], []].map((bytes) => isTlsStart(Uint8Array.from(bytes))), [
      ...[true, true, false, false],
    ]);
  });

  it("of any other form is refused", () => {
    for (
      const line of [
        "",
        "escps/1",
        "escps/1 ",
        "escps/2 control",
        "escps/1  control",
        "escps/1 control ",
        "escps/1 control\r",
        " escps/1 control",
        "escps/1 data",
        "escps/1 data ",
        `escps/1 data ${ROUTE.slice(1)}`,
        `escps/1 data ${ROUTE}0`,
        `escps/1 data ${ROUTE.toUpperCase()}`,
        "GET / HTTP/1.1",
        "\u0016\u0003\u0001",
      ]
    ) {
      assertThrows(() => parseFirstLine(line), ProtocolError, "not that of an escp client", JSON.stringify(line));
    }
  });
});

describe("the answer of a server", () => {
  const certificate = Uint8Array.fromHex(golden.certificate);

  it("has the recorded form", () => {
    assertEquals(formatAnswer({ kind: "certificate", certificate }), golden.certificateLine);
    assertEquals(parseAnswer(golden.certificateLine.trimEnd()), { kind: "certificate", certificate });
    assertEquals(formatAnswer({ kind: "refused", reason: "ending" }), golden.refused);
    assertEquals(parseAnswer(golden.refused.trimEnd()), { kind: "refused", reason: "ending" });
  });

  it("has room for the largest certificate", () => {
    const certificate = new Uint8Array(MAX_CERTIFICATE_BYTES);
    const line = formatAnswer({ kind: "certificate", certificate });
    assertEquals(line.length <= MAX_ANSWER_BYTES, true);
    assertEquals(parseAnswer(line.trimEnd()), { kind: "certificate", certificate });
  });

  it("of any other form is refused", () => {
    const large = new Uint8Array(MAX_CERTIFICATE_BYTES + 1).toBase64();
    for (
      const line of [
        "",
        "SSH-2.0-OpenSSH_9.2p1",
        "escps/1 certificate",
        "escps/1 certificate ",
        "escps/1 certificate !",
        `escps/1 certificate ${large}`,
        `${golden.certificateLine.trimEnd()} `,
        "escps/2 refused busy",
        "escps/1 refused",
        "escps/1 refused \u001b[2J",
        "escps/1 refused other",
      ]
    ) {
      assertThrows(() => parseAnswer(line), ProtocolError, "", JSON.stringify(line));
    }
  });
});

describe("damaged lines before TLS", () => {
  it("are accepted, or refused with a ProtocolError", () => {
    const random = new RandomBytes("first lines");
    const decoder = new TextDecoder();
    let refused = 0;
    for (let round = 0; round < 2000; round++) {
      for (
        const [parse, sample] of [
          [parseFirstLine, golden.data],
          [parseAnswer, golden.certificateLine],
          [parseAnswer, golden.refused],
        ] as const
      ) {
        const text = decoder.decode(mutate(new TextEncoder().encode(sample.trimEnd()), random));
        try {
          parse(text);
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
          refused++;
        }
      }
    }
    assertEquals(refused > 1000, true);
  });
});
