import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { loadCipherEngine } from "../../../src/crypto/engines.ts";
import { loadFileEngine } from "../../../src/files/load_engine.ts";
import { type TargetRoot } from "../../../src/files/engine/target_root.ts";
import type { Message, MessageOf } from "../../../src/protocol/control/messages.ts";
import { StateDirectory } from "../../../src/resume/state_directory.ts";
import type { TransferEvent } from "../../../src/transfer/events.ts";
import type { ReceiveOptions } from "../../../src/transfer/receive/receive_options.ts";
import { ResumeRecord } from "../../../src/transfer/receive/resume_record.ts";
import { TargetFiles } from "../../../src/transfer/receive/target_files.ts";
import { listNames } from "../../support/files/list_names.ts";
import { createTempDirectory } from "../../support/files/temp.ts";

/** Options of a receiver whose sender is the test. */
async function optionsOf(sent: Message[]): Promise<ReceiveOptions> {
  const { engine } = loadCipherEngine("portable");
  const control = { send: (message: Message) => sent.push(message) };
  const session = { engine, control, secrets: { id: "0123456789abcdef" }, features: [], close() {} };
  const machine = { files: (await loadFileEngine("portable")).engine, workers: () => 0, umask: 0o022 };
  return { session, machine, job: {}, emit() {} } as unknown as ReceiveOptions;
}

const OPEN: MessageOf<"open"> = {
  type: "open",
  file: 0,
  root: 0,
  path: "large" as MessageOf<"open">["path"],
  size: 8 << 20,
  attributes: { mode: 0o644, uid: 0, gid: 0, mtime: 0, mtimeNs: 0, atime: 0, atimeNs: 0 },
};

const EMPTY = { ...OPEN, size: 0, path: "empty" as typeof OPEN.path };

/** An empty file that replaces another, in a copy that verifies. */
async function replaced(directory: string, { noted, state = "" }: { noted?: Uint32Array; state?: string } = {}) {
  const old = `${directory}/${EMPTY.path}`;
  await Deno.writeTextFile(old, "old");
  const opened = Promise.withResolvers<void>();
  const sent = { push: (message: Message) => message.type === "opened" && opened.resolve() } as unknown as Message[];
  const job = { verify: true, resume: true, fsync: false } as ReceiveOptions["job"];
  const options = { ...await optionsOf(sent), job };
  const roots: TargetRoot[] = [{ kind: "folder", path: directory, created: false }];
  const { session, machine } = options;
  const remembering = {
    ...options,
    target: directory,
    base: "/",
    machine: { ...machine, state: new StateDirectory((name) => name === "XDG_STATE_HOME" ? state : undefined) },
    session: { ...session, features: ["rerun"] } as unknown as typeof session,
  };
  const source = { operand: 0, name: ".", kind: "folder" as const, dev: 1, inode: 2 };
  const record = noted && await ResumeRecord.find(remembering, [source]);
  await record?.begin(roots, { files: 2, bytes: 0, complete: true });
  if (noted) record!.addFiles(noted);
  const target = new TargetFiles(options, roots, { streams: 1, sourceNames: ["."], record });
  target.open(EMPTY);
  await opened.promise;
  target.finishFile({ type: "close", file: EMPTY.file, size: 0, crc32: 0 });
  assertEquals(await Deno.readTextFile(old), "");
  return { target, record };
}

describe("TargetFiles", () => {
  it("removes partial files if the copy ends early, and creates none afterwards", async () => {
    await using directory = await createTempDirectory();
    const sent: Message[] = [];
    const target = new TargetFiles(await optionsOf(sent), [{ kind: "folder", path: directory.path, created: false }], {
      streams: 1,
      sourceNames: ["."],
    });
    target.open(OPEN);
    const closed = target.close();
    // The sender sent this message before it knew of the end.
    target.open({ ...OPEN, file: 1, path: "other" as typeof OPEN.path });
    await closed;
    target.open({ ...OPEN, file: 2, path: "late" as typeof OPEN.path });
    assertEquals(sent.map((message) => message.type === "opened" && message.file), [0]);
    assertEquals(listNames(directory.path), []);
  });

  it("names the file in progress as the sender does", async () => {
    await using directory = await createTempDirectory();
    const cases: [TargetRoot, source: string, path: string, shown: string][] = [
      [{ kind: "folder", path: directory.path, created: false }, "tree", "large", "tree/large"],
      [{ kind: "folder", path: directory.path, created: false }, ".", "large", "large"],
      [{ kind: "file", directory: directory.path, name: "new name" }, "image", "", "image"],
    ];
    for (const [root, source, path, shown] of cases) {
      const opened = Promise.withResolvers<void>();
      const files: (string | undefined)[] = [];
      const options = {
        ...await optionsOf({ push: () => opened.resolve() } as unknown as Message[]),
        emit: (event: TransferEvent) => event.type === "progress" && files.push(event.file),
      };
      const target = new TargetFiles(options, [root], { streams: 1, sourceNames: [source] });
      target.open({ ...OPEN, path: path as typeof OPEN.path });
      await opened.promise;
      await target.finish();
      await target.close();
      assertEquals(files, [shown]);
    }
  });

  it("removes the backup of a file that could not be verified", async () => {
    await using directory = await createTempDirectory();
    const { target } = await replaced(directory.path);
    assertEquals(listNames(directory.path).length, 2);
    assertEquals(await target.finish(), []);
    assertEquals(listNames(directory.path), [EMPTY.path]);
    await target.close();
  });

  it("keeps a backup after an early end only for a run that resumes", async () => {
    for (const noted of [undefined, Uint32Array.of(), Uint32Array.of(1, 2)]) {
      await using directory = await createTempDirectory();
      await using state = await createTempDirectory();
      const { target, record } = await replaced(directory.path, { noted, state: state.path });
      await target.close();
      record?.close();
      const left = listNames(directory.path).filter((name) => name !== EMPTY.path);
      const contents = await Promise.all(left.map((name) => Deno.readTextFile(`${directory.path}/${name}`)));
      assertEquals(contents, noted?.length ? ["old"] : []);
    }
  });
});
