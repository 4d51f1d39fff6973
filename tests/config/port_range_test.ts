import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { choosePorts, parsePortRange } from "../../src/config/port_range.ts";
import { UsageError } from "../../src/errors.ts";

describe("a port range", () => {
  it("is two ports, or a number of ports after the first one", () => {
    assertEquals(parsePortRange("1232-1242"), { first: 1232, last: 1242 });
    assertEquals(parsePortRange("1232:1242"), { first: 1232, last: 1242 });
    assertEquals(parsePortRange("1-65535"), { first: 1, last: 65535 });
    assertEquals(parsePortRange("5000-5000"), { first: 5000, last: 5000 });
    assertEquals(parsePortRange("0"), { further: 0 });
    assertEquals(parsePortRange("10"), { further: 10 });
  });

  it("is refused if it is invalid", () => {
    for (
      const text of ["", "-", "1-", "-1", "2-1", "0-5", "1-65536", "1 - 2", "a-b", "1-2-3", "65536", "999999", "1.5"]
    ) {
      assertThrows(() => parsePortRange(text, "Key"), UsageError, "Key must be two ports");
    }
  });

  it("is combined with the first port", () => {
    assertEquals(choosePorts(undefined, undefined), undefined);
    assertEquals(choosePorts(5000, undefined), { first: 5000, last: 5010 });
    assertEquals(choosePorts(65530, undefined), { first: 65530, last: 65535 });
    assertEquals(choosePorts(undefined, "3"), { first: 1232, last: 1235 });
    assertEquals(choosePorts(5000, "0"), { first: 5000, last: 5000 });
    assertEquals(choosePorts(undefined, "6000-6001"), { first: 6000, last: 6001 });
    assertEquals(choosePorts(6000, "6000-6001"), { first: 6000, last: 6001 });
    assertEquals(choosePorts(6001, "6000-6001"), { first: 6001, last: 6001 });
    for (const port of [5999, 6002]) {
      assertThrows(() => choosePorts(port, "6000-6001", "Key"), UsageError, `${port} is not in 6000-6001`);
    }
  });
});
