import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UsageError } from "../../src/errors.ts";
import { operandsOfHosts } from "../../src/ssh/host_list.ts";

describe("operandsOfHosts", () => {
  const lists: [string, string[]][] = [
    ["dtn[1-3]:/x", ["dtn1:/x", "dtn2:/x", "dtn3:/x"]],
    ["u@dtn[08-10,12]-ib:a:b", ["u@dtn08-ib:a:b", "u@dtn09-ib:a:b", "u@dtn10-ib:a:b", "u@dtn12-ib:a:b"]],
    ["a,b[1,2],c.example:", ["a:", "b1:", "b2:", "c.example:"]],
    ["r[1-2]n[1-2]:x", ["r1n1:x", "r1n2:x", "r2n1:x", "r2n2:x"]],
    ["n[5]:x", ["n5:x"]],
  ];
  for (const [text, operands] of lists) {
    it(`expands ${text}`, () => assertEquals(operandsOfHosts(text), operands));
  }

  it("finds no list in operands of one host, addresses and local names", () => {
    for (const text of ["host:x", "u@host:x[1-2]", "[::1]:x", "u@[fe80::1%eth0]:x", "a[1-2]", "./a[1]:x", "d/a,b:x"]) {
      assertEquals(operandsOfHosts(text), undefined, text);
    }
  });

  const bad: [string, string][] = [
    ["a[1-2:/x", "a bracket is missing"],
    ["a1-2]b[1]]:/x", "a bracket is missing"],
    ["a,,b:/x", "a name is missing before or after a comma"],
    ["a,:/x", "a name is missing before or after a comma"],
    ["a[]:/x", '"" is not a number or a range of numbers'],
    ["a[1-b]:/x", '"1-b" is not a number or a range of numbers'],
    ["a[3-1]:/x", 'the range "3-1" ends before it begins'],
    ["a[0-99999999]:/x", "it has more than 65536 hosts"],
  ];
  for (const [text, reason] of bad) {
    it(`refuses ${text}`, () => {
      const { message } = assertThrows(() => operandsOfHosts(text), UsageError);
      assertEquals(message, `Cannot use the list of hosts in "${text}": ${reason}`);
    });
  }
});
