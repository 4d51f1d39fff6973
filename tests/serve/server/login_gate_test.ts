import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { LoginGate } from "../../../src/serve/server/login_gate.ts";

/** Returns a gate, and a function that sets its clock in milliseconds. */
function gateWithClock(limits: ConstructorParameters<typeof LoginGate>[0]) {
  let nowMs = 0;
  return { gate: new LoginGate(limits, () => nowMs), at: (ms: number) => nowMs = ms };
}

const LIMITS = { firstPauseMs: 100, maxPauseMs: 1000, forgetMs: 60_000 };

/** Admits addresses. Returns the places, and a function with the addresses of dropped connections so far. */
function admitAll(gate: LoginGate, addresses: readonly string[]) {
  const dropped: string[] = [];
  const places = addresses.map((address) => gate.admit(address, () => dropped.push(address)));
  return { dropped, places };
}

describe("the gate before logins", () => {
  it("admits a limited number of connections of one network", () => {
    const { gate } = gateWithClock({ total: 10, perNetwork: 2 });
    const { places, dropped } = admitAll(gate, [
      "2001:db8::1",
      "2001:db8::2",
      "2001:db8::3",
      "2001:db8:0:1::3",
      "192.0.2.1",
    ]);
    assertEquals(places.map((place) => place !== undefined), [true, true, false, true, true]);
    places[0]![Symbol.dispose]();
    assertEquals(admitAll(gate, ["2001:db8::3", "2001:db8::3"]).places.map(Boolean), [true, false]);
    assertEquals(dropped, []);
  });

  it("admits a limited number of connections of all networks", () => {
    const { gate } = gateWithClock({ total: 3, perNetwork: 2 });
    const { places } = admitAll(gate, ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"]);
    assertEquals(places.map(Boolean), [true, true, true, false]);
    places[0]![Symbol.dispose]();
    assertEquals(admitAll(gate, ["192.0.2.4", "192.0.2.5"]).places.map(Boolean), [true, false]);
  });

  it("counts the end of a connection once", () => {
    const { gate } = gateWithClock({ total: 2, perNetwork: 2 });
    const { places } = admitAll(gate, ["192.0.2.1", "192.0.2.1"]);
    places[0]![Symbol.dispose]();
    places[0]![Symbol.dispose]();
    assertEquals(admitAll(gate, ["192.0.2.1", "192.0.2.1"]).places.map(Boolean), [true, false]);
  });

  it("replaces the oldest connection of a full network after the grace period", () => {
    const { gate, at } = gateWithClock({ total: 10, perNetwork: 2, graceMs: 1000 });
    const { dropped, places } = admitAll(gate, ["192.0.2.2", "192.0.2.1"]);
    at(500);
    const later = admitAll(gate, ["192.0.2.1"]);
    at(999);
    assertEquals(admitAll(gate, ["192.0.2.1"]).places, [undefined]);
    at(1000);
    assertEquals(admitAll(gate, ["192.0.2.1", "192.0.2.1"]).places.map(Boolean), [true, false]);
    assertEquals([dropped, later.dropped], [["192.0.2.1"], []]);
    assertEquals(places.map((place) => place!.isDropped), [false, true]);
    // The end of a dropped connection is not counted again.
    places[1]![Symbol.dispose]();
    assertEquals(admitAll(gate, ["192.0.2.1"]).places, [undefined]);
    at(1500);
    assertEquals(admitAll(gate, ["192.0.2.1", "192.0.2.1"]).places.map(Boolean), [true, false]);
    assertEquals(later.dropped, ["192.0.2.1"]);
  });

  it("replaces connections without the first line of a client before others", () => {
    const { gate, at } = gateWithClock({ total: 10, perNetwork: 3, graceMs: 1000 });
    const [client, first, second] = [1, 2, 3].map(() => gate.admit("192.0.2.1", () => {})!);
    client.greet();
    at(1000);
    assertEquals(admitAll(gate, Array(4).fill("192.0.2.1")).places.map(Boolean), [true, true, true, false]);
    assertEquals([client, first, second].map(({ isDropped }) => isDropped), [true, true, true]);
    at(2000);
    const [one, other] = [gate.admit("192.0.2.1", () => {})!, gate.admit("192.0.2.1", () => {})!];
    other.greet();
    at(3000);
    gate.admit("192.0.2.1", () => {});
    gate.admit("192.0.2.1", () => {});
    assertEquals([one.isDropped, other.isDropped], [true, false]);
  });

  it("replaces a connection of the network with the most connections if all places are taken", () => {
    const { gate, at } = gateWithClock({ total: 5, perNetwork: 4, graceMs: 1000 });
    const { dropped } = admitAll(gate, ["192.0.2.1", "192.0.2.2", "192.0.2.2", "192.0.2.2", "192.0.2.3"]);
    at(1000);
    assertEquals(admitAll(gate, ["192.0.2.4", "192.0.2.5"]).places.map(Boolean), [true, true]);
    assertEquals(dropped, ["192.0.2.2", "192.0.2.2"]);
  });

  it("gives each of 10,000 fast strangers a place for the grace period only, and a client of another network at once", () => {
    const { gate, at } = gateWithClock({ total: 20, perNetwork: 16, graceMs: 1000 });
    let admitted = 0;
    for (let ms = 0; ms < 10_000; ms++) {
      at(ms);
      if (gate.admit("192.0.2.1", () => {})) admitted++;
    }
    assertEquals(admitted, 16 * 10);
    assert(gate.admit("192.0.2.2", () => {}));
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
