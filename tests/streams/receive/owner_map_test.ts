import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ProtocolError } from "../../../src/errors.ts";
import { tableAccounts } from "../../../src/files/stat/accounts.ts";
import { PackBuilder } from "../../../src/files/walk/pack_builder.ts";
import { FileStat } from "../../../src/files/stat/file_stat.ts";
import { MAX_OWNERS } from "../../../src/protocol/limits.ts";
import { encodeName } from "../../../src/protocol/names.ts";
import { RecordCursor, RecordField } from "../../../src/protocol/data/records.ts";
import { OwnerMap } from "../../../src/streams/receive/owner_map.ts";
import { OwnerNames } from "../../../src/streams/send/owner_names.ts";

const ACCOUNTS = tableAccounts((kind) =>
  kind === "user"
    ? "root:x:0:0::/:/bin/sh\nalice:x:1000:100::/:/bin/sh\n+::::::\n-bob:x:7:7::/:/bin/sh\nbroken\nzero:x::1\n"
    : "wheel:x:0:\nteam:x:100:alice,bob\n"
);

function planOf(owners: readonly { uid: number; gid: number }[]): Uint8Array<ArrayBuffer> {
  const builder = new PackBuilder();
  builder.enter(0, encodeName(""));
  owners.forEach((owner, index) => {
    const name = encodeName(`f${index}`);
    builder.addFile(name, 0, name.length, Object.assign(new FileStat(), owner));
  });
  return builder.take()!.plan;
}

describe("owners of a receiver", () => {
  it("are mapped by name, or keep their number", () => {
    const map = new OwnerMap(ACCOUNTS);
    map.add([
      { kind: "user", id: 5, name: "alice" },
      { kind: "group", id: 5, name: "team" },
      { kind: "user", id: 6, name: "nobody-here" },
      { kind: "user", id: 8, name: "root" },
    ]);
    assertEquals(map.mapped({ uid: 5, gid: 5 }), { uid: 1000, gid: 100 });
    assertEquals(map.mapped({ uid: 6, gid: 6 }), { uid: 6, gid: 6 });
    assertEquals(map.mapped({ uid: 0, gid: 0 }), { uid: 0, gid: 0 });
    assertEquals(map.mapped({ uid: 8, gid: 8 }), { uid: 0, gid: 8 });
  });

  it("of records are replaced in place", () => {
    const map = new OwnerMap(ACCOUNTS, { gid: 9 });
    map.add([{ kind: "user", id: 5, name: "alice" }]);
    const plan = planOf([{ uid: 5, gid: 5 }, { uid: 1, gid: 2 }]);
    const cursor = new RecordCursor(plan, 0, plan.length, { plan: true });
    const owners: number[][] = [];
    while (cursor.next()) {
      map.apply(cursor);
      owners.push([cursor.uint32(RecordField.uid), cursor.uint32(RecordField.gid)]);
    }
    assertEquals(owners.slice(1), [[1000, 9], [1, 9]]);
  });

  it("are limited in number", () => {
    const map = new OwnerMap(ACCOUNTS);
    const owner = { kind: "user", id: 5, name: "alice" } as const;
    map.add(Array(MAX_OWNERS).fill(owner));
    assertThrows(() => map.add([owner]), ProtocolError, "too many");
  });
});

describe("owners of a sender", () => {
  it("are sent once, without root and without owners that have no name", () => {
    const names = new OwnerNames(ACCOUNTS);
    const plan = planOf([{ uid: 0, gid: 0 }, { uid: 1000, gid: 0 }, { uid: 77, gid: 100 }, { uid: 1000, gid: 100 }]);
    assertEquals(names.ofPlan(plan), [
      { kind: "user", id: 1000, name: "alice" },
      { kind: "group", id: 100, name: "team" },
    ]);
    assertEquals([names.ofPlan(plan), names.of({ uid: 1000, gid: 100 })], [[], []]);
  });
});

describe("accounts in tables", () => {
  it("are found by name and by number", () => {
    assertEquals(ACCOUNTS.idOf("user", "alice"), 1000);
    assertEquals(ACCOUNTS.nameOf("group", 100), "team");
    for (const name of ["bob", "-bob", "+", "broken", "zero", ""]) assertEquals(ACCOUNTS.idOf("user", name), undefined);
    assertEquals(ACCOUNTS.nameOf("user", 7), undefined);
  });
});
