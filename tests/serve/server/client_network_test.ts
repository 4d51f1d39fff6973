import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { clientNetwork, loggedNetwork } from "../../../src/serve/server/client_network.ts";

describe("the network of a client", () => {
  it("is an IPv4 address, also in its IPv6 form", () => {
    assertEquals(clientNetwork("192.0.2.1"), "192.0.2.1");
    assertEquals(clientNetwork("::ffff:192.0.2.1"), "192.0.2.1");
    assertEquals(clientNetwork("::ffff:c000:201"), "192.0.2.1");
    assertEquals(clientNetwork("0:0:0:0:0:FFFF:c000:201"), "192.0.2.1");
  });

  it("is the first 64 bits of an IPv6 address", () => {
    assertEquals(clientNetwork("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    assertEquals(clientNetwork("2001:DB8:1:2::"), "2001:db8:1:2::/64");
    assertEquals(clientNetwork("2001:db8::6"), "2001:db8:0:0::/64");
    assertEquals(clientNetwork("::1"), "0:0:0:0::/64");
    assertEquals(clientNetwork("fe80::1%eth0"), "fe80:0:0:0::/64");
    assertEquals(clientNetwork("::ffff:0:c000:201"), "0:0:0:0::/64");
  });

  it("is the text itself if it is not an address", () => {
    for (const text of ["", "host", ":", "1:2", "::g", "[::1]"]) assertEquals(clientNetwork(text), text);
  });

  it("has 24 or 48 bits in the log", () => {
    assertEquals(loggedNetwork("192.0.2.1"), "192.0.2.0/24");
    assertEquals(loggedNetwork("::ffff:192.0.2.1"), "192.0.2.0/24");
    assertEquals(loggedNetwork("2001:db8:1:2:3:4:5:6"), "2001:db8:1::/48");
    assertEquals(loggedNetwork("host"), "host");
  });
});
