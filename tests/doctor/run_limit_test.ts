import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { findRunLimit, type RunFacts } from "../../src/doctor/run_limit.ts";

const CONNECTIONS = { busy: 0.9, blocked: 0.1, unread: 0.05, lost: 0 };
const FACTS: RunFacts = {
  direction: "push",
  seconds: { total: 10, login: 1, lost: 0, transfer: 9, verification: 0 },
  ...{ bytes: 9e9, files: 3, busyCores: 1, usableCores: 2, connections: CONNECTIONS },
};

/** Returns the limit of a run that differs in these facts: what, and on which end. */
function limit(change: Partial<RunFacts>): (string | undefined)[] {
  const { what, end } = findRunLimit({ ...FACTS, ...change });
  return end === undefined ? [what] : [what, end];
}

function connections(change: Partial<typeof CONNECTIONS>): Pick<RunFacts, "connections"> {
  return { connections: { ...CONNECTIONS, ...change } };
}

describe("findRunLimit", () => {
  it("names the network for a push whose connections always had data", () => assertEquals(limit({}), ["network"]));

  it("names the phase that took more than half of the time", () => {
    assertEquals(limit({ seconds: { total: 10, login: 6, lost: 0, transfer: 4, verification: 0 } }), ["login"]);
    assertEquals(limit({ seconds: { total: 10, login: 1, lost: 0, transfer: 3, verification: 6 } }), ["verification"]);
    assertEquals(limit({ seconds: { total: 10, login: 5, lost: 0, transfer: 5, verification: 0 } }), ["network"]);
  });

  it("names the start of a copy on one machine, which has no login", () => {
    const seconds = { total: 10, login: 6, lost: 0, transfer: 4, verification: 0 };
    assertEquals(limit({ direction: "local", seconds }), ["start"]);
  });

  it("names lost sessions that took more than half of the time", () => {
    const seconds = { total: 10, login: 1, lost: 6, transfer: 3, verification: 0 };
    assertEquals(limit({ seconds }), ["lost sessions"]);
  });

  it("names the rate limit from 90 % of it on", () => {
    assertEquals(limit({ limitBytesPerSecond: 1.1e9 }), ["rate limit"]);
    assertEquals(limit({ limitBytesPerSecond: 1.2e9 }), ["network"]);
    assertEquals(limit({ limitBytesPerSecond: 0 }), ["network"]);
  });

  it("names the processor from 85 % of the usable cores on", () => {
    assertEquals(limit({ busyCores: 1.7 }), ["processor", "here"]);
    assertEquals(limit({ busyCores: 1.69 }), ["network"]);
    assertEquals(limit({ busyCores: 0.9, usableCores: 1 }), ["processor", "here"]);
  });

  it("names the tunnel", () => assertEquals(limit({ tunnel: "ssh -W" }), ["ssh"]));

  it("names the end that writes too slowly, and nothing for idle connections", () => {
    assertEquals(limit(connections({ busy: 0.49 })), ["unknown"]);
    assertEquals(limit(connections({ busy: 0.5 })), ["network"]);
    assertEquals(limit(connections({ blocked: 0.3 })), ["writing", "there"]);
    assertEquals(limit({ direction: "pull", ...connections({ unread: 0.25 }) }), ["writing", "here"]);
  });

  it("does not guess without observations", () => {
    assertEquals(limit({ direction: "pull" }), ["unknown"]);
    assertEquals(limit({ connections: undefined }), ["unknown"]);
    assertEquals(limit({ direction: "local" }), ["unknown"]);
    assertEquals(limit({ direction: "between" }), ["unknown"]);
  });

  it("names nothing if no file was copied", () => assertEquals(limit({ bytes: 0, files: 0 }), ["nothing"]));

  it("mentions lost segments", () => {
    const { reasons } = findRunLimit({ ...FACTS, ...connections({ lost: 0.034 }) });
    assertEquals(reasons.at(-1), "3.4 % of the segments were sent again");
  });
});
