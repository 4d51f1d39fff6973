import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Message, MessageOf } from "../../../src/protocol/control/messages.ts";
import type { ClientSession } from "../../../src/session/model/client_session.ts";
import { fixedCount } from "../../../src/session/model/stream_count.ts";
import { ReservedNames } from "../../../src/transfer/client/reserved_names.ts";
import { RelayedConversation } from "../../../src/transfer/relay/conversation.ts";
import { closeBoth, joined } from "../../session/joined_channels.ts";

const COUNTS = { operands: 2, host: "0".repeat(64), files: 2, bytes: 2, complete: true, last: true };

/** A large file that a sender announces. */
function opening(root: number, path: string): Message {
  const attributes = { mode: 0o644, uid: 0, gid: 0, mtime: 0, mtimeNs: 0, atime: 0, atimeNs: 0 };
  return { type: "open", file: root, root, path: path as MessageOf<"open">["path"], size: 1 << 30, attributes };
}

describe("RelayedConversation", () => {
  it("names the file in progress as the sender does", async () => {
    const [from, to] = [joined(), joined()];
    const session = (control: typeof from.client) => ({ control }) as unknown as ClientSession;
    const target = { path: "t", others: 0, names: new ReservedNames().ofCopy() };
    const sources = ["dir/tree", "image"].map((path) => ({ path, literal: true }));
    const conversation = new RelayedConversation(
      {
        ...{ sources, target, recursive: true, streams: fixedCount(1), bytesPerSecond: 0 },
        emit() {},
        unresumable() {},
      },
      session(from.client),
      session(to.client),
    );
    const source = { dev: 1, inode: 1 };
    from.remote.send({
      ...{ type: "sources", ...COUNTS },
      sources: [
        { ...source, operand: 0, name: "tree", kind: "folder" },
        { ...source, operand: 1, name: "image", kind: "file" },
      ],
    });
    to.remote.send({ type: "ready" });
    await conversation.agree();
    await to.remote.expect("sources");
    await to.remote.expect("streams");
    const running = conversation.run().catch((error) => error);
    const shown: (string | undefined)[] = [];
    for (const [root, path] of [[0, "d/large"], [1, ""], [9, "x"]] as const) {
      from.remote.send(opening(root, path));
      await to.remote.expect("open");
      shown.push(conversation.current);
      from.remote.send({ type: "drop", file: root });
      await to.remote.expect("drop");
    }
    assertEquals(shown, ["tree/d/large", "image", "x"]);
    await closeBoth(from.remote, to.remote, from.client, to.client);
    await running;
  });
});
