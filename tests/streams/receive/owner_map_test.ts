import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ProtocolError } from "../../../src/errors.ts";
import { Errno, SystemCallError } from "../../../src/native/libc/errno.ts";
import { cachedAccounts, tableAccounts } from "../../../src/files/stat/accounts.ts";
import { PackBuilder } from "../../../src/files/walk/pack_builder.ts";
import { FileStat } from "../../../src/files/stat/file_stat.ts";
import { MAX_OWNERS } from "../../../src/protocol/limits.ts";
import { forEachListed } from "../../../src/protocol/data/access_lists.ts";
import { ACCESS_LIST, decodeXattrs, encodeXattrs } from "../../../src/protocol/data/xattrs.ts";
import { encodeName } from "../../../src/protocol/names.ts";
import { RecordCursor, RecordField } from "../../../src/protocol/data/records.ts";
import { accessList } from "../../support/files/xattrs.ts";
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

/** Returns a block with the access control list of a file that a further user may read. */
function listBlock(user: number): Uint8Array<ArrayBuffer> {
  return encodeXattrs([{ name: encodeName(ACCESS_LIST), value: accessList(user) }])!;
}

function listedIn(block: Uint8Array): [string, number][] {
  const found: [string, number][] = [];
  forEachListed(block, (kind, id) => found.push([kind, id]));
  return found;
}

describe("owners of a receiver", () => {
  it("are mapped by name, or keep their number", async () => {
    const map = new OwnerMap(ACCOUNTS);
    await map.add([
      { kind: "user", id: 5, name: "alice" },
      { kind: "group", id: 5, name: "team" },
      { kind: "user", id: 6, name: "nobody-here" },
      { kind: "user", id: 8, name: "root" },
    ]);
    assertEquals(map.mapped({ mode: 0o6755, uid: 5, gid: 5 }), { mode: 0o6755, uid: 1000, gid: 100 });
    assertEquals(map.mapped({ mode: 0o6755, uid: 6, gid: 6 }), { mode: 0o755, uid: 6, gid: 6 });
    assertEquals(map.mapped({ mode: 0o6755, uid: 0, gid: 0 }), { mode: 0o6755, uid: 0, gid: 0 });
    assertEquals(map.mapped({ mode: 0o6755, uid: 8, gid: 8 }), { mode: 0o6755, uid: 0, gid: 8 });
  });

  it("are looked up one after the other, in order, until the map is closed", async () => {
    const asked: string[] = [];
    const answer = Promise.withResolvers<number>();
    const askedAgain = Promise.withResolvers<void>();
    const idOf = (_: string, name: string) => {
      if (asked.push(name) === 1) return answer.promise;
      askedAgain.resolve();
      return new Promise<undefined>(() => {});
    };
    const map = new OwnerMap({ ...ACCOUNTS, idOf });
    const first = map.add([{ kind: "user", id: 1, name: "a" }, { kind: "user", id: 2, name: "b" }]);
    const second = map.add([{ kind: "user", id: 3, name: "c" }]);
    await map.add([]);
    assertEquals(asked, ["a"]);
    answer.resolve(11);
    await askedAgain.promise;
    map.close();
    await assertRejects(() => first, Deno.errors.Interrupted);
    await assertRejects(() => second, Deno.errors.Interrupted);
    await assertRejects(() => map.add([{ kind: "user", id: 4, name: "d" }]), Deno.errors.Interrupted);
    assertEquals(asked, ["a", "b"]);
    assertEquals(map.mapped({ mode: 0o644, uid: 1, gid: 1 }).uid, 11);
  });

  it("of records are replaced in place", async () => {
    const map = new OwnerMap(ACCOUNTS, { fixed: { gid: 9 } });
    await map.add([{ kind: "user", id: 5, name: "alice" }]);
    const plan = planOf([{ uid: 5, gid: 5 }, { uid: 1, gid: 2 }]);
    const cursor = new RecordCursor(plan, 0, plan.length, { plan: true });
    const owners: number[][] = [];
    while (cursor.next()) {
      map.apply(cursor);
      owners.push([cursor.uint32(RecordField.uid), cursor.uint32(RecordField.gid)]);
    }
    assertEquals(owners.slice(1), [[1000, 9], [1, 9]]);
  });

  it("of a file that gets another owner leave no setuid, setgid and capability", () => {
    const names = ["user.a", "security.capability", "user.b"];
    const block = encodeXattrs(names.map((name) => ({ name: encodeName(name), value: new Uint8Array([1, 2]) })))!;
    const builder = new PackBuilder();
    builder.enter(0, encodeName(""));
    const stat = Object.assign(new FileStat(), { uid: 12345, gid: 0, mode: 0o4755 });
    builder.addFile(encodeName("f"), 0, 1, stat, block);
    const { plan } = builder.take()!;
    const cursor = new RecordCursor(plan, 0, plan.length, { plan: true });
    const map = new OwnerMap(ACCOUNTS, { fixed: { uid: 0 } });
    while (cursor.next()) map.apply(cursor);
    assertEquals([cursor.uint32(RecordField.uid), cursor.uint32(RecordField.mode)], [0, 0o755]);
    assertEquals([...decodeXattrs(cursor.xattrs()!)].map(({ name }) => name), ["user.a", "user.b"]);
    assertEquals(map.mapped({ uid: 1, gid: 0, mode: 0o4755 }, block).mode, 0o755);
    assertEquals([...decodeXattrs(block)].length, 2);
    assertEquals(new OwnerMap(ACCOUNTS, { fixed: { uid: 7 } }).mapped({ uid: 7, gid: 0, mode: 0o4755 }).mode, 0o4755);
  });

  it("in access control lists are mapped if the sender sends their names, but not replaced by a fixed owner", async () => {
    for (const [mapsLists, expected] of [[true, 1000], [false, 5]] as const) {
      const map = new OwnerMap(ACCOUNTS, { fixed: { uid: 9 }, mapsLists });
      await map.add([{ kind: "user", id: 5, name: "alice" }]);
      const block = listBlock(5);
      map.mapped({ uid: 5, gid: 5, mode: 0o644 }, block);
      assertEquals(listedIn(block), [["user", expected]]);
      const builder = new PackBuilder();
      builder.enter(0, encodeName(""));
      builder.addFile(encodeName("f"), 0, 1, Object.assign(new FileStat(), { uid: 5, gid: 5 }), listBlock(5));
      const { plan } = builder.take()!;
      const cursor = new RecordCursor(plan, 0, plan.length, { plan: true });
      while (cursor.next()) map.apply(cursor);
      assertEquals(listedIn(cursor.xattrs()!), [["user", expected]]);
    }
  });

  it("are found once per name and number, also if they are needed at the same time", async () => {
    let lookUps = 0;
    const next = () => Promise.resolve(++lookUps);
    const accounts = cachedAccounts({ nameOf: async () => `n${await next()}`, idOf: next });
    const found = await Promise.all([1, 2, 3].map(() => accounts.idOf("user", "slow")));
    assertEquals([...found, await accounts.idOf("user", "slow")], [1, 1, 1, 1]);
    assertEquals(await accounts.idOf("group", "slow"), 2);
    assertEquals(await Promise.all([1, 2].map(() => accounts.nameOf("user", 7))), ["n3", "n3"]);
  });

  it("are looked up again after a failure", async () => {
    let lookUps = 0;
    const idOf = () => ++lookUps === 1 ? Promise.reject(new SystemCallError(Errno.EIO)) : Promise.resolve(lookUps);
    const accounts = cachedAccounts({ ...ACCOUNTS, idOf });
    await Promise.all([1, 2].map(() => assertRejects(() => accounts.idOf("user", "a"), SystemCallError)));
    assertEquals([await accounts.idOf("user", "a"), await accounts.idOf("user", "a")], [2, 2]);
  });

  it("are remembered up to a limit, from which on the oldest are forgotten", async () => {
    let lookUps = 0;
    const accounts = cachedAccounts({ ...ACCOUNTS, idOf: () => Promise.resolve(++lookUps) });
    for (let index = 0; index <= 8192; index++) await accounts.idOf("user", `n${index}`);
    assertEquals(await accounts.idOf("user", "n1"), 2);
    assertEquals(await accounts.idOf("user", "n0"), 8194);
  });

  it("are looked up again if a look-up fails, and cause one note", async () => {
    const notes: string[] = [];
    let failures = 1;
    const asked: string[] = [];
    const idOf = (_: string, name: string) => {
      asked.push(name);
      if (name !== "lost" && failures-- <= 0) return Promise.resolve(1000);
      return Promise.reject(new SystemCallError(Errno.EIO));
    };
    let now = 0;
    const map = new OwnerMap({ ...ACCOUNTS, idOf }, { note: (text) => notes.push(text), now: () => now });
    await map.add([{ kind: "user", id: 5, name: "alice" }, { kind: "group", id: 8, name: "lost" }]);
    // The number may be that of another user on this host.
    assertEquals(map.mapped({ mode: 0o6755, uid: 5, gid: 0 }), { mode: 0o755, uid: 5, gid: 0 });
    now = 9_999;
    assertEquals([map.retry(), asked], [undefined, ["alice"]]);
    now = 10_000;
    const retrying = map.retry();
    assertEquals(map.retry(), retrying);
    await retrying;
    assertEquals(map.mapped({ mode: 0o6755, uid: 5, gid: 0 }), { mode: 0o6755, uid: 1000, gid: 0 });
    now = 20_000;
    await map.retry();
    assertEquals(asked, ["alice", "alice", "lost", "lost"]);
    assertEquals(map.mapped({ mode: 0o6755, uid: 5, gid: 8 }), { mode: 0o755, uid: 1000, gid: 8 });
    assertEquals(notes, [
      "Cannot look up some users and groups on the host of the target: Input/output error. Their files get the numbers " +
      "of the source",
    ]);
  });

  it("are limited in number, and owners that the sender no longer names leave no setuid", async () => {
    const map = new OwnerMap(ACCOUNTS);
    const owner = { kind: "user", id: 5, name: "alice" } as const;
    await map.add(Array(MAX_OWNERS - 1).fill(owner));
    assertEquals(map.mapped({ mode: 0o4755, uid: 6, gid: 0 }).mode, 0o4755);
    await map.add([owner]);
    assertEquals(map.mapped({ mode: 0o4755, uid: 6, gid: 0 }).mode, 0o755);
    assertEquals(map.mapped({ mode: 0o4755, uid: 5, gid: 0 }).mode, 0o4755);
    await assertRejects(() => map.add([owner]), ProtocolError, "too many");
  });
});

describe("owners of a sender", () => {
  it("are sent once, without root and without owners that have no name", async () => {
    const names = new OwnerNames(ACCOUNTS);
    const plan = planOf([{ uid: 0, gid: 0 }, { uid: 1000, gid: 0 }, { uid: 77, gid: 100 }, { uid: 1000, gid: 100 }]);
    assertEquals(await names.ofPlan(plan), [
      { kind: "user", id: 1000, name: "alice" },
      { kind: "group", id: 100, name: "team" },
    ]);
    const file = { attributes: { uid: 1000, gid: 100 } };
    assertEquals([names.ofPlan(plan), names.ofFile(file)], [undefined, undefined]);
  });

  it("include those in access control lists", async () => {
    const builder = new PackBuilder();
    builder.enter(0, encodeName(""));
    builder.addFile(encodeName("f"), 0, 1, new FileStat(), listBlock(1000));
    const expected = [{ kind: "user" as const, id: 1000, name: "alice" }];
    const { plan } = builder.take()!;
    assertEquals(await new OwnerNames(ACCOUNTS, { namesLists: true }).ofPlan(plan), expected);
    const file = { attributes: { uid: 0, gid: 0 }, xattrs: listBlock(1000) };
    assertEquals(await new OwnerNames(ACCOUNTS, { namesLists: true }).ofFile(file), expected);
    const older = new OwnerNames(ACCOUNTS);
    assertEquals([older.ofPlan(plan), older.ofFile(file)], [undefined, undefined]);
  });

  it("are sent up to the limit of the receiver, and further names cause one note", async () => {
    const notes: string[] = [];
    const nameOf = (_: string, id: number) => Promise.resolve(id === 9999 ? undefined : `n${id}`);
    const names = new OwnerNames({ ...ACCOUNTS, nameOf }, { note: (text) => notes.push(text) });
    let sent = 0;
    for (let id = 1; id <= MAX_OWNERS / 2; id++) {
      sent += (await names.ofFile({ attributes: { uid: id, gid: id } }))?.length ?? 0;
    }
    await names.ofFile({ attributes: { uid: 9999, gid: 9999 } });
    assertEquals([sent, notes], [MAX_OWNERS, []]);
    for (const uid of [10000, 10001]) {
      assertEquals(await names.ofFile({ attributes: { uid, gid: uid } }) ?? [], []);
    }
    assertEquals(notes, [
      "The sources and their access control lists have more than 4,096 users and groups: the others keep their numbers on the target",
    ]);
  });

  it("in access control lists take at most half of the limit", async () => {
    const notes: string[] = [];
    const nameOf = (_: string, id: number) => Promise.resolve(`n${id}`);
    const options = { namesLists: true, note: (text: string) => notes.push(text) };
    const names = new OwnerNames({ ...ACCOUNTS, nameOf }, options);
    const sent: number[] = [];
    for (let id = 1; id <= MAX_OWNERS / 2 + 2; id++) {
      const found = await names.ofFile({ attributes: { uid: 0, gid: 0 }, xattrs: listBlock(id) }) ?? [];
      sent.push(...found.map((owner) => owner.id));
    }
    assertEquals(sent.length, MAX_OWNERS / 2);
    assertEquals(notes, [
      "The access control lists of the sources name more than 2,048 users and groups: the others keep their numbers on the " +
      "target",
    ]);
    // A user whose name did not fit as that of a list may own a file.
    const last = MAX_OWNERS / 2 + 2;
    assertEquals(await names.ofFile({ attributes: { uid: last, gid: 0 } }), [
      { kind: "user", id: last, name: `n${last}` },
    ]);
    assertEquals(notes.length, 1);
  });

  it("whose look-up fails are looked up again with the next files, and cause one note", async () => {
    const notes: string[] = [];
    const asked: string[] = [];
    const nameOf = (kind: string, id: number) => {
      asked.push(`${kind} ${id}`);
      if (id === 7 || asked.length < 2) return Promise.reject(new SystemCallError(Errno.EIO));
      return Promise.resolve(`n${id}`);
    };
    let now = 0;
    const names = new OwnerNames({ ...ACCOUNTS, nameOf }, { note: (text) => notes.push(text), now: () => now });
    const plan = planOf([{ uid: 5, gid: 6 }]);
    // No host has this name, so the files lose setuid.
    assertEquals(await names.ofPlan(plan), [{ kind: "user", id: 5, name: ":" }, { kind: "group", id: 6, name: ":" }]);
    assertEquals([await names.ofPlan(plan), asked], [[], ["user 5"]]);
    now = 10_000;
    assertEquals(await names.ofPlan(plan), [
      { kind: "user", id: 5, name: "n5" },
      { kind: "group", id: 6, name: "n6" },
    ]);
    assertEquals(names.ofPlan(plan), undefined);
    assertEquals(notes, [
      "Cannot look up some users and groups on the host of the sources: Input/output error. The target gets their numbers",
    ]);
    // Each look-up may take long.
    const lost = planOf([{ uid: 7, gid: 6 }]);
    for (let turn = 0; turn < 5; turn++) await names.ofPlan(lost);
    assertEquals(asked.filter((each) => each === "user 7").length, 1);
    assertEquals(notes.length, 1);
  });
});

describe("accounts in tables", () => {
  it("are found by name and by number", async () => {
    assertEquals(await ACCOUNTS.idOf("user", "alice"), 1000);
    assertEquals(await ACCOUNTS.nameOf("group", 100), "team");
    for (const name of ["bob", "-bob", "+", "broken", "zero", ""]) {
      assertEquals(await ACCOUNTS.idOf("user", name), undefined);
    }
    assertEquals(await ACCOUNTS.nameOf("user", 7), undefined);
  });
});
