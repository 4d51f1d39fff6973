import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { loadCipherEngine } from "../../src/crypto/engines.ts";
import { loadFileEngine } from "../../src/files/engine.ts";
import type { Message, MessageOf } from "../../src/protocol/messages.ts";
import type { ReceiveOptions } from "../../src/transfer/receive_options.ts";
import { TargetFiles } from "../../src/transfer/target_files.ts";
import { createTempFolder } from "../support/temp.ts";

/** Of a receiver on this machine whose sender is the test. */
function optionsOf(sent: Message[]): ReceiveOptions {
  const { engine } = loadCipherEngine("portable");
  const control = { send: (message: Message) => sent.push(message) };
  const session = { engine, control, secrets: { id: "0123456789abcdef" }, features: [], close() {} };
  const options = { files: loadFileEngine("portable").engine, workers: () => 0, emit() {}, codecs: [], umask: 0o022 };
  return { session, ...options } as unknown as ReceiveOptions;
}

const OPEN: MessageOf<"open"> = {
  type: "open",
  file: 0,
  root: 0,
  path: "large" as MessageOf<"open">["path"],
  size: 8 << 20,
  attributes: { mode: 0o644, uid: 0, gid: 0, mtime: 0, mtimeNs: 0, atime: 0, atimeNs: 0 },
};

const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name);

describe("TargetFiles", () => {
  it("removes what was begun when the copy ends too early, and begins nothing after that", async () => {
    await using folder = await createTempFolder();
    const sent: Message[] = [];
    const target = new TargetFiles(optionsOf(sent), [{ kind: "folder", path: folder.path, created: false }], {
      streams: 1,
    });
    target.open(OPEN);
    const closed = target.close();
    // What the sender had sent before it heard of the end.
    target.open({ ...OPEN, file: 1, path: "other" as typeof OPEN.path });
    await closed;
    target.open({ ...OPEN, file: 2, path: "late" as typeof OPEN.path });
    assertEquals(sent.map((message) => message.type === "opened" && message.file), [0]);
    assertEquals(namesIn(folder.path), []);
  });
});
