import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { parseAddressPattern, parseIp } from "../../../src/serve/server/ip_address.ts";

describe("parseIp", () => {
  it("returns 4 or 16 bytes", () => {
    assertEquals(parseIp("192.0.2.255"), Uint8Array.of(192, 0, 2, 255));
    assertEquals(parseIp("::ffff:192.0.2.1"), Uint8Array.of(192, 0, 2, 1));
    assertEquals(parseIp("::FFFF:c000:201"), Uint8Array.of(192, 0, 2, 1));
    assertEquals(parseIp("2001:db8::1")?.toHex(), "20010db8000000000000000000000001");
    assertEquals(parseIp("1:2:3:4:5:6:7:8")?.toHex(), "00010002000300040005000600070008");
    assertEquals(parseIp("fe80::1%eth0.5")?.toHex(), "fe800000000000000000000000000001");
    assertEquals(parseIp("::")?.toHex(), "0".repeat(32));
  });

  it("returns undefined for other texts", () => {
    const others = [
      "",
      "1.2.3",
      "1.2.3.4.5",
      "1.2.3.256",
      "01.2.3.4",
      "1.2.3.4 ",
      "0x1.2.3.4",
      "host",
      "a:b",
      ":",
      ":::",
      "::g",
    ];
    for (const text of [...others, "[::1]", "::1]/[", "1::2::3", "::1%", "::1%a b", "1:2:3:4:5:6:7:8:9", "@::1"]) {
      assertEquals(parseIp(text), undefined, text);
    }
  });
});

describe("a pattern of addresses", () => {
  const matches = (pattern: string, address: string) => parseAddressPattern(pattern)!(parseIp(address)!);

  it("contains the addresses of a network", () => {
    for (
      const [pattern, inside, outside] of [
        ["192.0.2.1", "192.0.2.1", "192.0.2.2"],
        ["10.0.0.0/8", "10.255.1.2", "11.0.0.0"],
        ["10.1.2.128/25", "10.1.2.129", "10.1.2.127"],
        ["0.0.0.0/0", "255.1.2.3", "::1"],
        ["192.168.*", "192.168.3.4", "192.16.8.1"],
        ["10.*", "10.0.0.1", "100.0.0.1"],
        ["2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"],
        ["2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"],
        ["::/0", "2001:db8::1", "192.0.2.1"],
        ["::1/128", "::1", "::2"],
        ["::ffff:192.0.2.0/24", "192.0.2.9", "192.0.3.9"],
      ]
    ) {
      assert(matches(pattern, inside), `${pattern} ${inside}`);
      assertEquals(matches(pattern, outside), false, `${pattern} ${outside}`);
    }
  });

  it("is refused if it is a host name, or has bits beyond the prefix", () => {
    for (
      const text of [
        "",
        "*",
        "host",
        "*.example.com",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "2001:db8::1/32",
        "::/129",
        "10.0.0.0/",
        "/8",
        "1.2.*.4",
        "10.0.0.0/-1",
      ]
    ) {
      assertEquals(parseAddressPattern(text), undefined, text);
    }
  });
});
