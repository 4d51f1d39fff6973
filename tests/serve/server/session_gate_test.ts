import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { SessionGate, type SessionPlace } from "../../../src/serve/server/session_gate.ts";

/** Returns whether there is a place. */
function isPlace(place: SessionPlace): place is Disposable {
  return !("refused" in place);
}

/** Returns the place of a session. @throws {Error} if there is none. */
function placeOf(gate: SessionGate, client: string): Disposable {
  const place = gate.admit(client);
  if (!isPlace(place)) throw new Error(place.refused);
  return place;
}

describe("SessionGate", () => {
  it("refuses further sessions of a client until one has ended", () => {
    const gate = new SessionGate({ perClient: 2 });
    const first = placeOf(gate, "a");
    placeOf(gate, "a");
    assertEquals(gate.admit("a"), { refused: "it runs 2 sessions of this key, the maximum" });
    placeOf(gate, "b");
    assertEquals(gate.refused, undefined);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    placeOf(gate, "a");
    assert(!isPlace(gate.admit("a")));
  });

  it("refuses further sessions of all clients until one has ended", () => {
    const gate = new SessionGate({ total: 2 });
    const first = placeOf(gate, "a");
    placeOf(gate, "b");
    const refused = "it runs 2 sessions, the maximum";
    assertEquals([gate.refused, gate.admit("c")], [refused, { refused }]);
    first[Symbol.dispose]();
    assertEquals(gate.refused, undefined);
    placeOf(gate, "c");
    assertEquals(gate.refused, refused);
  });

  it("accepts 32 sessions of a client and 128 in total by default", () => {
    const gate = new SessionGate();
    const counts = Array.from({ length: 5 }, (_, client) => {
      return Array.from({ length: 40 }, () => isPlace(gate.admit(`${client}`))).filter(Boolean).length;
    });
    assertEquals(counts, [32, 32, 32, 32, 0]);
  });
});
