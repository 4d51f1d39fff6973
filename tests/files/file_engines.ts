/** Both engines, the native one also without openat2, and temporary directories for tests. */

import { decodeName, encodeName } from "../../src/protocol/names.ts";
import { alignUp } from "../../src/protocol/data/alignment.ts";
import {
  contentOffset,
  putUint53,
  recordBytes,
  RecordCursor,
  RecordField,
  RecordType,
} from "../../src/protocol/data/records.ts";
import type { FileEngine } from "../../src/files/engine/engine.ts";
import type { Target } from "../../src/files/engine/target.ts";
import type { SourceRoot, Walk, WalkItem, WalkOptions } from "../../src/files/engine/source.ts";
import type { TargetRoot } from "../../src/files/engine/target_root.ts";
import { createNativeEngine } from "../../src/files/native/engine.ts";
import { createPortableEngine } from "../../src/files/portable/engine.ts";

export const isNativeHere = Deno.build.os === "linux";
export const isRoot = Deno.build.os !== "windows" && Deno.uid() === 0;

export const ENGINES: { title: string; make: () => FileEngine }[] = [
  ...(isNativeHere
    ? [
      { title: "native", make: () => createNativeEngine().engine },
      { title: "native without openat2", make: () => createNativeEngine({ openat2: false }).engine },
    ]
    : []),
  { title: "portable", make: () => createPortableEngine() },
];

/** In memory if possible, because thousands of files take seconds on a shared disk. */
function memoryDirectory(): string | undefined {
  try {
    return Deno.statSync("/dev/shm").isDirectory ? "/dev/shm" : undefined;
  } catch {
    return undefined;
  }
}

/** An empty directory that is removed at the end of the test. */
export class TempDirectory implements Disposable {
  readonly path = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "escp-test-", dir: memoryDirectory() }));

  /** Returns the absolute path of an entry. */
  at(path: string): string {
    return `${this.path}/${path}`;
  }

  write(path: string, contents: string | Uint8Array = "", mode?: number): string {
    const full = this.at(path);
    const bytes = typeof contents === "string" ? new TextEncoder().encode(contents) : contents;
    Deno.writeFileSync(full, bytes);
    if (mode !== undefined) Deno.chmodSync(full, mode);
    return full;
  }

  directory(path: string, mode?: number): string {
    const full = this.at(path);
    Deno.mkdirSync(full, { recursive: true });
    if (mode !== undefined) Deno.chmodSync(full, mode);
    return full;
  }

  /** Returns what `list` returns, with the contents of files: "path: contents". */
  contents(): string[] {
    return this.list().map((path) => /\/$| -> /.test(path) ? path : `${path}: ${Deno.readTextFileSync(this.at(path))}`);
  }

  /** Returns all paths below, sorted: directories end with "/", links contain their target. */
  list(path = ""): string[] {
    const found: string[] = [];
    const visit = (directory: string, prefix: string) => {
      for (const { name, isDirectory, isSymlink } of Deno.readDirSync(directory)) {
        const full = `${directory}/${name}`;
        if (isSymlink) found.push(`${prefix}${name} -> ${Deno.readLinkSync(full)}`);
        else found.push(prefix + name + (isDirectory ? "/" : ""));
        if (isDirectory) visit(full, `${prefix}${name}/`);
      }
    };
    visit(this.at(path), "");
    return found.sort();
  }

  [Symbol.dispose](): void {
    new Deno.Command("chmod", { args: ["-R", "u+rwX", this.path], stderr: "null" }).outputSync();
    // The tree may be deeper than the maximum path length, which rm supports.
    new Deno.Command("rm", { args: ["-rf", this.path] }).outputSync();
  }
}

export function sourceRoot(engine: FileEngine, path: string): SourceRoot {
  const stat = engine.paths.stat(path, { follow: true })!;
  const kind = stat.kind === 0o040000 ? "folder" : "file";
  return { path, name: "root", kind, identity: { dev: stat.dev, inode: stat.inode }, size: stat.size };
}

export async function collect(walk: Walk): Promise<WalkItem[]> {
  const items: WalkItem[] = [];
  for (let item = await walk.next(); item; item = await walk.next()) items.push(item);
  walk.close();
  return items;
}

/** Returns the records of all packs as "directory a", "file a/b 3", "symlink a/c -> b", then the other items. */
export function describeItems(items: WalkItem[]): string[] {
  const lines: string[] = [];
  for (const item of items) {
    if (item.type === "ranged") lines.push(`ranged ${item.path} ${item.size}`);
    else if (item.type === "failed") lines.push(`failed ${item.error.message}`);
    else if (item.type === "note") lines.push(`note ${item.message}`);
    else if (item.type === "pack") lines.push(...describePlan(item.plan));
  }
  return lines.sort();
}

function describePlan(plan: Uint8Array<ArrayBuffer>): string[] {
  const text = (start: number, end: number) =>
    new TextDecoder("latin1").decode(plan.subarray(start, end)).replace(/[^ -~]/g, "?");
  const cursor = new RecordCursor(plan, 0, plan.length, { plan: true });
  const lines: string[] = [];
  let directory = "";
  while (cursor.next()) {
    const name = text(cursor.nameStart, cursor.nameEnd);
    const target = text(cursor.contentStart, cursor.contentStart + cursor.contentBytes);
    if (cursor.type === RecordType.enter || cursor.type === RecordType.directory) directory = name;
    const path = directory === "" ? name : `${directory}/${name}`;
    if (cursor.type === RecordType.directory) lines.push(`directory ${name}`);
    if (cursor.type === RecordType.file) lines.push(`file ${path} ${cursor.size}`);
    if (cursor.type === RecordType.symlink) lines.push(`symlink ${path} -> ${target}`);
    if (cursor.type === RecordType.hardlink) lines.push(`hardlink ${path} = ${target}`);
  }
  return lines;
}

/** Copies as a session does, in one thread: walk, read into a frame, write. Returns the failures. */
export async function copyTree(
  engine: FileEngine,
  sources: SourceRoot[],
  targets: TargetRoot[],
  options: { preserve?: boolean; umask?: number; writer?: FileEngine } & Partial<WalkOptions> = {},
): Promise<string[]> {
  const { preserve = false, umask = 0o022, writer: writerEngine = engine, ...walkOptions } = options;
  const failures: string[] = [];
  const reader = engine.sourceReader(sources);
  const { xattrs, acls } = options;
  const targetOptions = { preserve, keepTimes: false, xattrs, acls, umask, token: "test" };
  const writer = writerEngine.openTarget(targets, targetOptions);
  const finished = new Map<string, Parameters<typeof writer.directories.finish>[0][number]>();
  for (const item of await collect(engine.walk(sources, { recursive: true, ...walkOptions }))) {
    try {
      if (item.type === "failed") failures.push(item.error.message);
      if (item.type === "pack") copyPack(item.plan);
      if (item.type === "ranged") copyRanged(item);
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  for (const touched of [...writer.small.takeCreated(), ...writer.partials.takeCreated()]) {
    const key = `${touched.root}:${touched.path}`;
    finished.set(key, { ...finished.get(key), ...touched });
  }
  failures.push(...writer.directories.finish([...finished.values()]).map((it) => it.message));
  reader.close();
  writer.close();
  return failures;

  function copyPack(plan: Uint8Array<ArrayBuffer>): void {
    const cursor = new RecordCursor(plan, 0, plan.length, { plan: true });
    const frame = new Uint8Array((5 << 20) + plan.length);
    let length = 0;
    while (cursor.next()) {
      const bytes = cursor.contentStart - cursor.start + alignUp(cursor.contentBytes);
      frame.set(plan.subarray(cursor.start, cursor.start + bytes), length);
      length += bytes;
      if (cursor.type === RecordType.file) {
        const { nameStart, nameEnd } = cursor;
        const got = reader.readWhole(plan, nameStart, nameEnd, frame, length, frame.length - length);
        // The size that was read counts, not that of the walk.
        putUint53(new DataView(frame.buffer), length - bytes + RecordField.size, got);
        length += alignUp(got);
      } else if (cursor.type <= RecordType.directory) {
        reader.enter(cursor.root, plan, cursor.nameStart, cursor.nameEnd);
      }
    }
    writeRecords(frame, length);
  }

  function writeRecords(frame: Uint8Array<ArrayBuffer>, length: number): void {
    const cursor = new RecordCursor(frame, 0, length, { plan: false });
    while (cursor.next()) {
      try {
        applyRecord(writer, cursor, frame);
        if (cursor.type === RecordType.directory) noteDirectory(cursor, frame);
      } catch (error) {
        failures.push((error as Error).message);
      }
    }
  }

  function noteDirectory(cursor: RecordCursor, frame: Uint8Array<ArrayBuffer>): void {
    const path = decodeName(frame.subarray(cursor.nameStart, cursor.nameEnd));
    const target = targets[cursor.root];
    const created = path === "" && target.kind === "folder" && target.created;
    const attributes = {
      mode: cursor.uint32(8),
      uid: cursor.uint32(12),
      gid: cursor.uint32(16),
      mtime: cursor.seconds(40),
      mtimeNs: cursor.uint32(20),
      atime: cursor.seconds(48),
      atimeNs: cursor.uint32(24),
    };
    const xattrs = cursor.xattrs()?.slice();
    finished.set(`${cursor.root}:${path}`, { root: cursor.root, path, created, attributes, xattrs });
  }

  function copyRanged(item: Extract<WalkItem, { type: "ranged" }>): void {
    const from = reader.openLarge(item.root, item.path, item.identity);
    const partial = writer.partials.create(item.root, item.path, item.size);
    const to = writer.partials.open(partial);
    const buffer = new Uint8Array(item.size);
    to.writeAt(buffer, 0, from.readAt(buffer, 0, item.size, 0), 0);
    to.close();
    from.close();
    writer.partials.commit(partial, item.attributes, item.xattrs);
  }
}

type Partial<T> = { [Key in keyof T]?: T[Key] };

/** Returns a frame with records: [type, name, contents, mode]. */
export function frameOf(records: [type: number, name: string, contents?: string | Uint8Array, mode?: number][]): {
  frame: Uint8Array<ArrayBuffer>;
  cursor: RecordCursor;
} {
  const parts = records.map(([type, name, contents = "", mode = 0o644]) => {
    const nameBytes = encodeName(name);
    const body = typeof contents === "string" ? encodeName(contents) : contents;
    const record = new Uint8Array(recordBytes(nameBytes.length, body.length));
    const view = new DataView(record.buffer);
    record[0] = type;
    view.setUint16(2, nameBytes.length, true);
    view.setUint32(8, mode, true);
    view.setUint32(32, body.length, true);
    record.set(nameBytes, 64);
    record.set(body, contentOffset(nameBytes.length));
    return record;
  });
  const frame = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    frame.set(part, at);
    at += part.length;
  }
  return { frame, cursor: new RecordCursor(frame, 0, frame.length, { plan: false }) };
}

/** Writes the records of `frameOf`. */
export function applyRecords(writer: Target, records: Parameters<typeof frameOf>[0]): void {
  const { frame, cursor } = frameOf(records);
  while (cursor.next()) applyRecord(writer, cursor, frame);
}

/** Writes the current record of a frame. */
export function applyRecord(
  { small }: Pick<Target, "small">,
  cursor: RecordCursor,
  frame: Uint8Array<ArrayBuffer>,
): void {
  if (cursor.type === RecordType.file) small.writeWhole(cursor, frame);
  else if (cursor.type > RecordType.file) small.makeLink(cursor, frame);
  else small.enter(cursor.root, frame, cursor.nameStart, cursor.nameEnd);
}

/** Runs a shell script, to create files with names that `Deno.*` does not support. */
export function rawShell(script: string, cwd: string): void {
  const { success, stderr } = new Deno.Command("sh", { args: ["-c", script], cwd }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
