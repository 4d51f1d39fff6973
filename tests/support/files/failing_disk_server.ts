/**
 * A file system in the memory of this process, served to the kernel through /dev/fuse (protocol 7.31, see linux/fuse.h):
 * `failing_disk_server.ts DIRECTORY FAULT`. Prints a line when the file system is mounted. A line on standard input ends the
 * fault. The process exits when the file system is unmounted.
 */

import { openLibc } from "../../../src/native/libc/libc.ts";
import type { DiskFault } from "./failing_disk.ts";

const OP = {
  ...{ lookup: 1, forget: 2, getattr: 3, setattr: 4, mkdir: 9, unlink: 10, rmdir: 11, rename: 12, open: 14, read: 15 },
  ...{ write: 16, statfs: 17, release: 18, fsync: 20, flush: 25, init: 26, opendir: 27, readdir: 28, releasedir: 29 },
  ...{ fsyncdir: 30, access: 34, create: 35, interrupt: 36, destroy: 38, batchForget: 42, rename2: 45 },
} as const;
const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EIO: 5,
  EEXIST: 17,
  ENOSPC: 28,
  ENAMETOOLONG: 36,
  ENOSYS: 38,
  ENOTEMPTY: 39,
  EDQUOT: 122,
};
const HEADER_BYTES = 40;
const ATTR_BYTES = 88;
/** Flags of a reply to init. */
const INIT = { bigWrites: 1 << 5, maxPages: 1 << 22 } as const;
const ROOT = 1n;
const DIRECTORY = 0o040000;
const FILE = 0o100000;
/** Bits of setattr's `valid` field. */
const SET = { mode: 1, size: 8, mtime: 32 } as const;

interface Node {
  ino: bigint;
  mode: number;
  mtime: bigint;
  mtimeNs: number;
  ctime: bigint;
  /** Number of bytes read so far. */
  read: number;
  data: Uint8Array;
  size: number;
  /** Entries of a directory. */
  names: Map<string, Node>;
}

class Failure extends Error {
  constructor(readonly errno: keyof typeof ERRNO) {
    super(errno);
  }
}

const [directory, faultText] = Deno.args;
let fault: DiskFault | undefined = JSON.parse(faultText);
const nodes = new Map<bigint, Node>();
let written = 0;
/** Maximum bytes of a read or write request, and of those read ahead. Smaller ones place changes between reads more exactly. */
const maxRequest = fault?.changes ? 128 << 10 : 1 << 20;

function make(mode: number): Node {
  const now = BigInt(Math.floor(Date.now() / 1000));
  const ino = BigInt(nodes.size + 1);
  const times = { mtime: now, mtimeNs: 0, ctime: now };
  const node = { ino, mode, ...times, read: 0, data: new Uint8Array(), size: 0, names: new Map() };
  nodes.set(ino, node);
  return node;
}

function failOn(on: DiskFault["on"]): void {
  if (!fault || fault.on !== on || written < (fault.after ?? 0)) return;
  throw new Failure(fault.errno!);
}

/** Applies the changes that are due after the bytes read so far. */
function changeRead(node: Node): void {
  for (;;) {
    const change = fault?.changes?.[0];
    if (!change || node.read < change.after || nodes.get(ROOT)!.names.get(change.name) !== node) return;
    fault!.changes!.shift();
    if (change.kind !== "damage") node.ctime += 10n;
    if (change.kind === "append") {
      resize(node, node.size + 10);
      node.data.fill(0x2b, node.size - 10, node.size);
      node.mtime += 10n;
    } else if (change.kind === "chmod") node.mode ^= 0o111;
    else for (let at = 0; at < node.size; at++) node.data[at]++;
  }
}

/** Returns the NUL-terminated strings of a request. */
function texts(body: DataView, at: number): string[] {
  const bytes = new Uint8Array(body.buffer, body.byteOffset + at, body.byteLength - at);
  return new TextDecoder().decode(bytes).split("\0");
}

function child(parent: Node, name: string): Node {
  const found = parent.names.get(name);
  if (!found) throw new Failure("ENOENT");
  return found;
}

function checkName(name: string): void {
  if (new TextEncoder().encode(name).length > (fault?.maxNameBytes ?? 255)) throw new Failure("ENAMETOOLONG");
}

function putAttr(view: DataView, at: number, { ino, size, mtime, mtimeNs, ctime, mode }: Node): void {
  const longs = [ino, BigInt(size), BigInt(Math.ceil(size / 512)), mtime, mtime, ctime];
  longs.forEach((value, index) => view.setBigInt64(at + index * 8, value, true));
  const ints = [mtimeNs, mtimeNs, 0, mode, 1, 0, 0, 0, 4096, 0];
  ints.forEach((value, index) => view.setUint32(at + 48 + index * 4, value, true));
}

function entryOf(node: Node, more = 0): DataView {
  const view = new DataView(new ArrayBuffer(40 + ATTR_BYTES + more));
  view.setBigUint64(0, node.ino, true);
  putAttr(view, 40, node);
  return view;
}

function attrOf(node: Node): DataView {
  const view = new DataView(new ArrayBuffer(16 + ATTR_BYTES));
  putAttr(view, 16, node);
  return view;
}

function resize(node: Node, size: number): void {
  if (size > node.data.length) {
    const larger = new Uint8Array(Math.max(size, node.data.length * 2));
    larger.set(node.data.subarray(0, node.size));
    node.data = larger;
  } else node.data.fill(0, size, node.size);
  node.size = size;
}

function move(from: Node, to: Node, oldName: string, newName: string): void {
  checkName(newName);
  failOn("rename");
  const node = child(from, oldName);
  from.names.delete(oldName);
  to.names.set(newName, node);
}

function listing(node: Node, offset: number, maxBytes: number): Uint8Array {
  const entries = [...node.names].slice(offset).map(([name, { ino, mode }], index) => {
    const bytes = new TextEncoder().encode(name);
    const view = new DataView(new ArrayBuffer((24 + bytes.length + 7) & ~7));
    view.setBigUint64(0, ino, true);
    view.setBigUint64(8, BigInt(offset + index + 1), true);
    view.setUint32(16, bytes.length, true);
    view.setUint32(20, mode >> 12, true);
    new Uint8Array(view.buffer).set(bytes, 24);
    return new Uint8Array(view.buffer);
  });
  const out: number[] = [];
  for (const entry of entries) if (out.length + entry.length <= maxBytes) out.push(...entry);
  return Uint8Array.from(out);
}

/** Handles a request and returns its reply; `undefined` if it has none. */
function handle(opcode: number, node: Node, body: DataView): DataView | Uint8Array | undefined {
  switch (opcode) {
    case OP.init: {
      const view = new DataView(new ArrayBuffer(64));
      [7, 31, maxRequest, INIT.bigWrites | INIT.maxPages].forEach((value, index) =>
        view.setUint32(index * 4, value, true)
      );
      view.setUint32(20, maxRequest, true);
      view.setUint32(24, 1, true);
      view.setUint16(28, maxRequest / 4096, true);
      return view;
    }
    case OP.lookup:
      return entryOf(child(node, texts(body, 0)[0]));
    case OP.getattr:
      return attrOf(node);
    case OP.setattr: {
      const valid = body.getUint32(0, true);
      if (valid & SET.size) resize(node, Number(body.getBigUint64(16, true)));
      if (valid & SET.mode) node.mode = (node.mode & ~0o7777) | (body.getUint32(68, true) & 0o7777);
      if (valid & SET.mtime) {
        failOn("utime");
        const mtime = body.getBigInt64(40, true);
        const earliest = BigInt(fault?.earliest ?? mtime);
        node.mtime = mtime < earliest ? earliest : mtime;
        node.mtimeNs = body.getUint32(60, true);
      }
      return attrOf(node);
    }
    case OP.mkdir:
    case OP.create: {
      const isFile = opcode === OP.create;
      const [name] = texts(body, isFile ? 16 : 8);
      checkName(name);
      failOn("create");
      if (node.names.has(name)) throw new Failure("EEXIST");
      const mode = body.getUint32(isFile ? 4 : 0, true) & 0o7777;
      const made = make(mode | (isFile ? FILE : DIRECTORY));
      node.names.set(name, made);
      return entryOf(made, isFile ? 16 : 0);
    }
    case OP.unlink:
    case OP.rmdir: {
      const [name] = texts(body, 0);
      if (child(node, name).names.size > 0) throw new Failure("ENOTEMPTY");
      node.names.delete(name);
      return new Uint8Array();
    }
    case OP.rename:
    case OP.rename2: {
      const target = nodes.get(body.getBigUint64(0, true))!;
      const [oldName, newName] = texts(body, opcode === OP.rename ? 8 : 16);
      move(node, target, oldName, newName);
      return new Uint8Array();
    }
    case OP.read: {
      failOn("read");
      const at = Number(body.getBigUint64(8, true));
      const bytes = node.data.slice(at, Math.min(node.size, at + body.getUint32(16, true)));
      node.read += bytes.length;
      changeRead(node);
      return bytes;
    }
    case OP.write: {
      failOn("write");
      const [at, size] = [Number(body.getBigUint64(8, true)), body.getUint32(16, true)];
      if (at + size > node.size) resize(node, at + size);
      node.data.set(new Uint8Array(body.buffer, body.byteOffset + 40, size), at);
      written += size;
      const view = new DataView(new ArrayBuffer(8));
      view.setUint32(0, size, true);
      return view;
    }
    case OP.statfs: {
      const view = new DataView(new ArrayBuffer(80));
      for (let field = 0; field < 5; field++) view.setBigUint64(field * 8, 1n << 20n, true);
      [4096, 255, 4096].forEach((value, index) => view.setUint32(40 + index * 4, value, true));
      return view;
    }
    case OP.open:
    case OP.opendir:
      return new Uint8Array(16);
    case OP.readdir:
      return listing(node, Number(body.getBigUint64(8, true)), body.getUint32(16, true));
    case OP.fsync:
    case OP.fsyncdir:
      failOn("fsync");
      return new Uint8Array();
    case OP.flush:
      // ENOSYS stops further flush requests. Otherwise a process that exits, and so closes its files, would hang with the disk.
      throw new Failure("ENOSYS");
    case OP.release:
    case OP.releasedir:
    case OP.access:
    case OP.destroy:
      return new Uint8Array();
    case OP.forget:
    case OP.batchForget:
    case OP.interrupt:
      return undefined;
    default:
      throw new Failure("ENOSYS");
  }
}

function mount(): Deno.FsFile {
  const device = Deno.openSync("/dev/fuse", { read: true, write: true });
  const descriptor = [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => name).find((name) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`) === "/dev/fuse";
    } catch {
      return false;
    }
  });
  const libc = openLibc({
    mount: { parameters: ["buffer", "buffer", "buffer", "u64", "buffer"], result: "i32" },
  });
  const text = (value: string) => new TextEncoder().encode(`${value}\0`);
  const options = `fd=${descriptor},rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions`;
  const failed = libc.symbols.mount(text("escp-test"), text(directory), text("fuse"), 0n, text(options));
  libc.close();
  if (failed) throw new Error("Cannot mount");
  return device;
}

make(DIRECTORY | 0o755);
const device = mount();
(async () => {
  for await (const _ of Deno.stdin.readable) {
    fault = undefined;
    console.log("repaired");
  }
})();
console.log("mounted");
const buffer = new Uint8Array(maxRequest + 4096);
for (;;) {
  // Fails with ENODEV after the file system is unmounted.
  const read = await device.read(buffer).catch(() => null);
  if (read === null) Deno.exit(0);
  const view = new DataView(buffer.buffer, 0, read);
  const [opcode, unique, ino] = [view.getUint32(4, true), view.getBigUint64(8, true), view.getBigUint64(16, true)];
  let reply: DataView | Uint8Array | undefined;
  let errno = 0;
  try {
    const body = new DataView(buffer.buffer, HEADER_BYTES, read - HEADER_BYTES);
    reply = handle(opcode, nodes.get(ino) ?? nodes.get(ROOT)!, body);
    if (!reply) continue;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    errno = ERRNO[error.errno];
  }
  const payload = reply
    ? new Uint8Array(reply.buffer as ArrayBuffer, reply.byteOffset, reply.byteLength)
    : new Uint8Array();
  const out = new Uint8Array(16 + payload.length);
  const head = new DataView(out.buffer);
  head.setUint32(0, out.length, true);
  head.setInt32(4, -errno, true);
  head.setBigUint64(8, unique, true);
  out.set(payload, 16);
  // The kernel may have cancelled the request.
  await device.write(out).catch(() => {});
}
