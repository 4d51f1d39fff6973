import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { PortRange } from "../../../src/ssh/port_range.ts";
import { StreamDialer } from "../../../src/session/connect/dial_streams.ts";
import { dialPath, portsToOpen } from "../../../src/session/connect/direct_path.ts";
import { CIPHER_ENGINES } from "../../crypto/cipher_engines.ts";
import { fixedSecrets } from "../fixed_secrets.ts";

const RANGE = { first: 5000, last: 5003 };
const ONE = { first: 5000, last: 5000 };
const DEFAULT = "Open TCP ports 1232-1242";
const CONFIGURED = (port: number) =>
  `${DEFAULT}, or the ports that the host is configured to use (${port} in this run),`;

describe("the ports to open", () => {
  const cases: [name: string, port: number | undefined, range: PortRange | undefined, expected: string][] = [
    ["are the default ports before the port is known", undefined, undefined, DEFAULT],
    ["are the default ports if the port is one of them", 1242, undefined, DEFAULT],
    ["include those of the configuration if the port is another one", 5000, undefined, CONFIGURED(5000)],
    ["are those of the requested range", 5000, RANGE, "Open TCP ports 5000-5003"],
    ["are those of the requested range before the port is known", undefined, RANGE, "Open TCP ports 5000-5003"],
    ["are the single requested port", 5000, ONE, "Open TCP port 5000"],
    ["are those of a requested number of ports", 1300, { first: 1232, last: 6232 }, "Open TCP ports 1232-6232"],
    ["include those of the configuration if it replaces the requested range", 7000, RANGE, CONFIGURED(7000)],
  ];
  for (const [name, port, range, expected] of cases) {
    it(name, () => assertEquals(portsToOpen(port, range), expected));
  }

  it("of a direct route are the port that the remote host listens on, or the requested range", async () => {
    const dialer = new StreamDialer(await fixedSecrets(), CIPHER_ENGINES.at(-1)!, { as: "client", first: 0 });
    const places = [{ hostname: "gate", port: 7000 }];
    const opening = (ports?: PortRange) => dialPath(dialer, places, { port: 5001, ports }).messages.opening("far");
    assertEquals(opening(RANGE), "Open TCP ports 5000-5003 of far for this machine");
    assertEquals(opening(), `${CONFIGURED(5001)} of far for this machine`);
  });
});
