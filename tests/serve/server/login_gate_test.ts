import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { LoginGate } from "../../../src/serve/server/login_gate.ts";

/** Returns a gate, and a function that sets its clock in milliseconds. */
function gateWithClock(limits: ConstructorParameters<typeof LoginGate>[0]) {
  let nowMs = 0;
  return { gate: new LoginGate(limits, () => nowMs), at: (ms: number) => nowMs = ms };
}

const LIMITS = { firstPauseMs: 100, maxPauseMs: 1000, forgetMs: 60_000 };

describe("the gate before logins", () => {
  it("admits a limited number of connections of one network", () => {
    const { gate } = gateWithClock({ total: 10, perNetwork: 2 });
    const first = gate.admit("2001:db8::1")!;
    assert(gate.admit("2001:db8::2"));
    assertEquals(gate.admit("2001:db8::3"), undefined);
    assert(gate.admit("2001:db8:0:1::3"));
    assert(gate.admit("192.0.2.1"));
    first[Symbol.dispose]();
    assert(gate.admit("2001:db8::3"));
    assertEquals(gate.admit("2001:db8::3"), undefined);
  });

  it("admits a limited number of connections of all networks", () => {
    const { gate } = gateWithClock({ total: 3, perNetwork: 2 });
    const admitted = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map((address) => gate.admit(address)!);
    assertEquals(gate.admit("192.0.2.4"), undefined);
    admitted[0][Symbol.dispose]();
    assert(gate.admit("192.0.2.4"));
    assertEquals(gate.admit("192.0.2.5"), undefined);
  });

  it("counts the end of a connection once", () => {
    const { gate } = gateWithClock({ total: 2, perNetwork: 2 });
    const one = gate.admit("192.0.2.1")!;
    assert(gate.admit("192.0.2.1"));
    one[Symbol.dispose]();
    one[Symbol.dispose]();
    assert(gate.admit("192.0.2.1"));
    assertEquals(gate.admit("192.0.2.1"), undefined);
  });

  it("doubles the pause after each wrong proof of a network, up to the maximum", () => {
    const { gate } = gateWithClock(LIMITS);
    const pauses = Array.from({ length: 6 }, (_, index) => gate.wrongProof(`2001:db8::${index}`));
    assertEquals(pauses, [100, 200, 400, 800, 1000, 1000]);
    assertEquals(gate.wrongProof("2001:db8:0:1::"), 100);
    for (let times = 0; times < 2000; times++) assertEquals(gate.wrongProof("2001:db8::1"), 1000);
  });

  it("forgets a network after a time without wrong proofs", () => {
    const { gate, at } = gateWithClock(LIMITS);
    assertEquals([gate.wrongProof("192.0.2.1"), gate.wrongProof("192.0.2.1")], [100, 200]);
    at(59_999);
    assertEquals(gate.wrongProof("192.0.2.1"), 400);
    at(59_999 + 60_000);
    assertEquals(gate.wrongProof("192.0.2.1"), 100);
  });

  it("remembers a limited number of networks, the latest ones", () => {
    const { gate, at } = gateWithClock({ ...LIMITS, maxNetworks: 100 });
    for (let network = 0; network < 10_000; network++) {
      gate.wrongProof("192.0.2.1");
      gate.wrongProof(`2001:db8:${(network >> 8).toString(16)}:${(network & 0xff).toString(16)}::1`);
      assert(gate.rememberedNetworks <= 100);
    }
    assertEquals(gate.wrongProof("192.0.2.1"), 1000);
    assertEquals(gate.wrongProof("2001:db8:0:0::1"), 100);
    at(60_000);
    gate.wrongProof("192.0.2.2");
    assertEquals(gate.rememberedNetworks, 1);
  });
});
