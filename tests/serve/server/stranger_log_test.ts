import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { StrangerLog } from "../../../src/serve/server/stranger_log.ts";

function startLog(): { log: StrangerLog; lines: string[] } {
  const lines: string[] = [];
  return { log: new StrangerLog((level, text) => lines.push(`${level} ${text}`)), lines };
}

describe("the log of connections without a session", () => {
  it("has lines for the first five connections of a network, and then one count", () => {
    const { log, lines } = startLog();
    for (let host = 1; host <= 42; host++) log.add(`203.0.113.${host}`, "the client left");
    log.add("192.0.2.1", "refused", "warn");
    assertEquals(lines, [
      ...[1, 2, 3, 4, 5].map((host) => `info 203.0.113.${host}: the client left`),
      "warn 192.0.2.1: refused",
    ]);
    lines.length = 0;
    log.endPeriod();
    assertEquals(lines, ["info 37 more connections of 203.0.113.0/24 without a session"]);
  });

  it("starts over after a period", () => {
    const { log, lines } = startLog();
    for (let count = 1; count <= 6; count++) log.add("2001:db8:1::1", "late");
    log.endPeriod();
    log.endPeriod();
    log.add("2001:db8:1:2::3", "late");
    assertEquals(lines.slice(5), [
      "info 1 more connection of 2001:db8:1::/48 without a session",
      "info 2001:db8:1:2::3: late",
    ]);
  });

  it("has a limited number of lines, and counts every connection of 20,000 networks", () => {
    const { log, lines } = startLog();
    for (let network = 0; network < 20_000; network++) {
      for (let count = 0; count < 6; count++) log.add(`2001:db8:${network.toString(16)}::1`, "late");
    }
    log.endPeriod();
    assert(lines.length <= 61, `${lines.length} lines`);
    const counted = lines.map((line) => Number(/^info (\d+) more/.exec(line)?.[1] ?? 1));
    assertEquals(counted.reduce((sum, count) => sum + count), 120_000);
  });
});
