import { assert, assertEquals, assertObjectMatch, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ProtocolError } from "../../../src/errors.ts";
import { MAX_LINE_BYTES } from "../../../src/protocol/limits.ts";
import type { Message } from "../../../src/protocol/control/messages.ts";
import { ControlChannel } from "../../../src/session/model/control_channel.ts";
import { ControlLost, ControlSilent, PeerAbort } from "../../../src/session/model/control_errors.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Opens a channel whose peer is the test: `say` is its input, `heard` its output. */
function openChannel(early = "") {
  const incoming = new TransformStream<Uint8Array, Uint8Array>(undefined, { highWaterMark: 100 });
  const peer = incoming.writable.getWriter();
  const heard: string[] = [];
  const outgoing = new WritableStream<Uint8Array>({
    write: (chunk) => void heard.push(new TextDecoder().decode(chunk)),
  });
  const channel = new ControlChannel(incoming.readable.getReader(), outgoing.getWriter(), bytesOf(early));
  return { channel, heard, say: (text: string) => void peer.write(bytesOf(text)), end: () => void peer.close(), peer };
}

const note = (message: string): Message => ({ type: "note", message });

describe("ControlChannel", () => {
  it("sends messages in order, and those of one turn together", async () => {
    const { channel, heard } = openChannel();
    for (let count = 0; count < 100; count++) channel.send(note(`${count}`));
    await channel.flushed();
    assertEquals(heard.length, 1);
    channel.send(note("more"));
    channel.sendLine("a line");
    await channel.flushed();
    const lines = heard.join("").split("\n");
    assertEquals(
      lines.slice(0, 101).map((line) => JSON.parse(line).message),
      [...Array(100).keys(), "more"].map(String),
    );
    assertEquals(lines.slice(101), ["a line", ""]);
  });

  it("is flushed if nothing was sent", async () => await openChannel().channel.flushed());

  it("receives messages in order, wherever the bytes are split", async () => {
    const { channel, say } = openChannel('{"type":"note","mess');
    say('age":"1"}\n{"type":"note","message":"2"}\n{"type"');
    say(':"bye"}\n');
    assertEquals(await channel.next(), note("1"));
    assertEquals(await channel.expect("note", "bye"), note("2"));
    assertEquals<Message>(await channel.expect("note", "bye"), { type: "bye" });
  });

  it("returns lines that arrived with the hello line", async () => {
    const { channel } = openChannel('first\n{"type":"ready"}\n');
    assertEquals(await channel.nextLine(), "first");
    assertObjectMatch(await channel.next(), { type: "ready" });
  });

  it("throws ControlLost at the end of the pipe, even within a line", async () => {
    for (const text of ["", '{"type":"bye"}']) {
      const { channel, say, end } = openChannel();
      say(text);
      end();
      await assertRejects(() => channel.next(), ControlLost);
      await assertRejects(() => channel.expect("bye"), ControlLost);
    }
  });

  it("returns messages that arrived before the end", async () => {
    const { channel, say, end } = openChannel();
    say('{"type":"bye"}\n');
    end();
    assertEquals<Message>(await channel.next(), { type: "bye" });
    assertEquals(await channel.nextLine(), undefined);
  });

  it("rejects invalid and unexpected messages", async () => {
    const { channel, say } = openChannel();
    say('garbage\n{"type":"bye"}\n');
    assertEquals((await assertRejects(() => channel.next(), ProtocolError)).code, "bad-message");
    assertEquals((await assertRejects(() => channel.expect("ready", "refused"), ProtocolError)).code, "bad-order");
  });

  it("accepts the receiver's last message only after that of the sender", async () => {
    const finished = { type: "finished", files: 1, bytes: 2, failures: [] } as const;
    const finish: Message = { type: "finish", files: 1, bytes: 2 };
    const early = openChannel();
    early.say(JSON.stringify(finished) + "\n");
    assertEquals((await assertRejects(() => early.channel.next(), ProtocolError)).code, "bad-order");
    const sender = openChannel();
    sender.channel.send(finish);
    sender.say(JSON.stringify(finished) + "\n");
    assertObjectMatch(await sender.channel.next(), finished);
  });

  it("throws PeerAbort for the abort message of the peer", async () => {
    const { channel, say } = openChannel();
    say('{"type":"abort","code":"failed","message":"No space left on device"}\n');
    const error = await assertRejects(() => channel.expect("ready"), PeerAbort, "No space left on device");
    assertEquals(error.code, "failed");
  });

  it("accepts a line of the maximum length, and rejects a longer one before its end", async () => {
    const { channel, say } = openChannel();
    say("x".repeat(MAX_LINE_BYTES) + "\n");
    assertEquals((await channel.nextLine())?.length, MAX_LINE_BYTES);
    say("x".repeat(MAX_LINE_BYTES));
    say("x");
    assertEquals((await assertRejects(() => channel.nextLine(), ProtocolError)).code, "long-line");
  });

  it("ignores a pipe that breaks while it sends", async () => {
    const broken = new WritableStream<Uint8Array>({ write: () => Promise.reject(new Deno.errors.BrokenPipe("gone")) });
    const channel = new ControlChannel(new ReadableStream<Uint8Array>().getReader(), broken.getWriter());
    channel.send(note("1"));
    await channel.flushed();
    channel.send(note("2"));
    await channel.flushed();
    await channel.close();
  });

  it("skips keep-alives", async () => {
    const { channel, say } = openChannel();
    say('{"type":"alive"}\n{"type":"alive"}\n{"type":"ready"}\n');
    assertObjectMatch(await channel.expect("ready"), { type: "ready" });
  });

  it("sends keep-alives, and throws ControlSilent without data", async () => {
    const { channel, heard } = openChannel();
    channel.watch(100, { keepAlives: true });
    await assertRejects(() => channel.next(), ControlSilent, "for 0.1 s");
    assert(heard.join("").startsWith('{"type":"alive"}\n'.repeat(3)));
    await channel.close();
  });

  it("stays open while the peer sends keep-alives", async () => {
    const { channel, say } = openChannel();
    channel.watch(500, { keepAlives: false });
    const next = channel.next();
    for (let count = 0; count < 20; count++) {
      say('{"type":"alive"}\n');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    say('{"type":"ready"}\n');
    assertObjectMatch(await next, { type: "ready" });
  });

  it("sends all messages before it closes", async () => {
    const { channel, heard } = openChannel();
    channel.send(note("last"));
    await channel.close();
    assertEquals(heard.join(""), '{"type":"note","message":"last"}\n');
  });
});
