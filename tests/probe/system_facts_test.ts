import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { networkSettings } from "../../src/probe/system_facts.ts";

const read = (files: Record<string, string>) => (name: string) => files[name];

describe("networkSettings", () => {
  it("returns the third number of tcp_rmem and tcp_wmem", () => {
    assertEquals(
      networkSettings(read({
        "core/rmem_max": "212992\n",
        "core/wmem_max": "212993\n",
        "ipv4/tcp_rmem": "4096\t131072\t6291456\n",
        "ipv4/tcp_wmem": "4096\t16384\t4194304\n",
        "ipv4/tcp_congestion_control": "cubic\n",
      })),
      { rmemMax: 212992, wmemMax: 212993, tcpRmemMax: 6291456, tcpWmemMax: 4194304, congestion: "cubic" },
    );
  });

  it("omits missing and invalid settings", () => {
    assertEquals(networkSettings(read({})), {});
    assertEquals(networkSettings(read({ "core/rmem_max": "many\n", "ipv4/tcp_rmem": "4096 131072\n" })), {});
  });
});
