import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { formatAddress, parseAddress } from "../../src/serve/server_address.ts";

describe("the address of a server", () => {
  it("is written in lower case, an IPv6 address in its short form", () => {
    assertEquals(formatAddress({ host: "Web1.Example", port: 7523 }), "web1.example:7523");
    assertEquals(formatAddress({ host: "10.0.0.1", port: 1 }), "10.0.0.1:1");
    assertEquals(formatAddress({ host: "2001:DB8:0:0::0001", port: 65535 }), "[2001:db8::1]:65535");
    assertEquals(formatAddress({ host: "fe80::1%eth0", port: 1 }), "[fe80::1%eth0]:1");
  });

  it("is parsed with brackets around an IPv6 address", () => {
    assertEquals(parseAddress("web1:7523"), { host: "web1", port: 7523 });
    assertEquals(parseAddress("[::1]:1"), { host: "::1", port: 1 });
    assertEquals(parseAddress("[fe80::1%eth0]:65535"), { host: "fe80::1%eth0", port: 65535 });
    const invalid = [
      "",
      "web1",
      "web1:",
      ":1",
      "web1:0",
      "web1:65536",
      "web1:1x",
      "::1:1",
      "[::1]",
      "[]:1",
      "a b:1",
      "a\n:1",
    ];
    for (const text of invalid) assertEquals(parseAddress(text), undefined, text);
  });
});
