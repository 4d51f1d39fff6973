import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UsageError } from "../../src/errors.ts";
import { type DataAddress, parseDataAddress } from "../../src/ssh/data_address.ts";

const GOOD: [text: string, address: DataAddress][] = [
  ["gate", { hostname: "gate" }],
  ["gate.example:1", { hostname: "gate.example", port: 1 }],
  ["192.0.2.1:65535", { hostname: "192.0.2.1", port: 65535 }],
  ["2001:db8::1", { hostname: "2001:db8::1" }],
  ["[2001:db8::1]", { hostname: "2001:db8::1" }],
  ["[::1]:1232", { hostname: "::1", port: 1232 }],
];

const BAD = ["", ":", ":1", "gate:", "gate:0", "gate:65536", "gate:x", "[::1", "[]:1", "[::1]x", "-gate", "a b", "a/b"];

describe("parseDataAddress", () => {
  for (const [text, address] of GOOD) it(`parses ${text}`, () => assertEquals(parseDataAddress(text), address));
  for (const text of BAD) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assertThrows(() => parseDataAddress(text), UsageError, "--data-address");
    });
  }
});
