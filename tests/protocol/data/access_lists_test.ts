import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { forEachListed, mapListed } from "../../../src/protocol/data/access_lists.ts";
import { ACCESS_LIST, decodeXattrs, DEFAULT_LIST, encodeXattrs } from "../../../src/protocol/data/xattrs.ts";
import { encodeName } from "../../../src/protocol/names.ts";
import { encodeAccessList, NOBODY } from "../../support/files/xattrs.ts";

type Entries = Parameters<typeof encodeAccessList>[0];
const START: Entries = [[0x01, 6, NOBODY]];
const END: Entries = [[0x10, 7, NOBODY], [0x20, 0, NOBODY]];
/** Entries of two users and two groups, in the order of acl(5). */
const LIST: Entries = [...START, [0x02, 4, 5], [0x02, 6, 7], [0x04, 4, NOBODY], [0x08, 5, 5], [0x08, 3, 9], ...END];

function blockOf(...attributes: [name: string, value: Uint8Array][]): Uint8Array<ArrayBuffer> {
  return encodeXattrs(attributes.map(([name, value]) => ({ name: encodeName(name), value })))!;
}

function listedIn(block: Uint8Array): [string, number][] {
  const found: [string, number][] = [];
  forEachListed(block, (kind, id) => found.push([kind, id]));
  return found;
}

const textOf = (block: Uint8Array) => [...decodeXattrs(block)].map(({ name, value }) => [name, value.toHex()]);

describe("access control lists of a block", () => {
  it("name users and groups", () => {
    const expected = [["user", 5], ["user", 7], ["group", 5], ["group", 9]];
    const lists = [ACCESS_LIST, DEFAULT_LIST].map((name): [string, Uint8Array] => [name, encodeAccessList(LIST)]);
    assertEquals(listedIn(blockOf(...lists)), [...expected, ...expected]);
    assertEquals(listedIn(blockOf(["user.a", encodeAccessList(LIST)])), []);
    assertEquals(listedIn(new Uint8Array()), []);
  });

  it("get other numbers in place, in the order of acl(5)", () => {
    const block = blockOf(["user.a", new Uint8Array(3)], [ACCESS_LIST, encodeAccessList(LIST)], ["user.b", LIST_LIKE]);
    mapListed(block, (kind, id) => kind === "user" && id === 5 ? 8 : kind === "group" && id === 9 ? 1 : id);
    const mapped = [
      ...START,
      [0x02, 6, 7],
      [0x02, 4, 8],
      [0x04, 4, NOBODY],
      [0x08, 3, 1],
      [0x08, 5, 5],
      ...END,
    ] as const;
    const expected = blockOf(["user.a", new Uint8Array(3)], [ACCESS_LIST, encodeAccessList(mapped)], [
      "user.b",
      LIST_LIKE,
    ]);
    assertEquals(block, expected);
  });

  it("have one entry for each number, which grants what all of them grant", () => {
    for (const filler of [0, 1, 50, 64]) {
      const after: [string, Uint8Array] = ["user.after", new Uint8Array(filler).fill(7)];
      const block = blockOf([ACCESS_LIST, encodeAccessList(LIST)], after);
      mapListed(block, () => 3);
      const merged = [...START, [0x02, 4, 3], [0x04, 4, NOBODY], [0x08, 1, 3], ...END] as const;
      assertEquals(textOf(block), textOf(blockOf([ACCESS_LIST, encodeAccessList(merged)], after)));
    }
  });

  it("stay as they are if the system would refuse them", () => {
    const list = encodeAccessList(LIST);
    const otherVersion = list.slice();
    otherVersion[0] = 3;
    for (const value of [otherVersion, list.slice(0, -1), list.slice(0, 3), new Uint8Array()]) {
      const block = blockOf([ACCESS_LIST, value]);
      const before = block.slice();
      mapListed(block, () => 3);
      assertEquals([block, listedIn(block)], [before, []]);
    }
  });

  it("are mapped in a block of the peer that is not padded", () => {
    const [attribute] = decodeXattrs(blockOf([ACCESS_LIST, encodeAccessList(LIST)]));
    const length = 6 + ACCESS_LIST.length + attribute.value.length;
    const block = blockOf([ACCESS_LIST, encodeAccessList(LIST)]).slice(0, length);
    mapListed(block, (_, id) => id + 1);
    assertEquals(listedIn(block), [["user", 6], ["user", 8], ["group", 6], ["group", 10]]);
  });
});

/** The value of an attribute that looks like a list, but is none. */
const LIST_LIKE = encodeAccessList(LIST);
