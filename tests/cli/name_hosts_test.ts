import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { namingHosts } from "../../src/cli/run/name_hosts.ts";
import type { Transfer } from "../../src/cli/options/transfers.ts";
import { failedEvent, type TransferEvent } from "../../src/transfer/events.ts";

const REMOTE = { host: "web1", user: "me" };
const ORIGIN = { host: "::1" };
const BASE = { sources: [{ path: "a", literal: false }], target: { kind: "local", path: "." } } as const;

function named(direction: Transfer["direction"], event: TransferEvent, several = true): TransferEvent {
  const isRelayed = direction === "relay" || direction === "origin";
  const transfer = { ...BASE, direction, remote: REMOTE, origin: isRelayed ? ORIGIN : undefined };
  const events: TransferEvent[] = [];
  namingHosts(transfer, (event) => events.push(event), { several })(event);
  return events[0];
}

describe("namingHosts", () => {
  const failure = { path: 'a "b"', message: 'Cannot read "a \\"b\\"": gone', hint: "", code: "" };
  const plain = { ...failure, path: "a", message: 'Cannot read "a": gone' };

  it("names the remote host of a path in the message of a run with several hosts", () => {
    const read = failedEvent(plain, "sender");
    const written = failedEvent(plain, "receiver");
    const messages = (direction: Transfer["direction"]) =>
      [read, written].map((event) => (named(direction, event) as typeof read).message.slice("Cannot read ".length));
    assertEquals(messages("push"), ['"a": gone', '"me@web1:a": gone']);
    assertEquals(messages("pull"), ['"me@web1:a": gone', '"a": gone']);
    assertEquals(messages("relay"), ['"[::1]:a": gone', '"me@web1:a": gone']);
    assertEquals(named("pull", read, false), { ...read, host: "me@web1" });
  });

  it("puts the host before a message without the path, and keeps a message about no path", () => {
    const event = failedEvent({ ...plain, message: "Cannot read it" }, "sender");
    assertEquals(named("pull", event), { ...event, host: "me@web1", message: "me@web1: Cannot read it" });
    const whole = failedEvent({ ...plain, path: "" }, "sender");
    assertEquals(named("pull", whole), { ...whole, host: "me@web1" });
  });

  it("adds the host to other events, and keeps one that they have", () => {
    const note: TransferEvent = { type: "note", message: "x" };
    assertEquals(named("push", note), { ...note, host: "me@web1" });
    assertEquals(named("push", { ...note, host: "other" }), { ...note, host: "other" });
    assertEquals(named("origin", note), { ...note, host: "[::1]" });
  });
});
