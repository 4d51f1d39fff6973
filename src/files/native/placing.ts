/** The current directory of a writer, and temporary names in it. */

import { Errno } from "../../native/libc/errno.ts";
import { type FileError, ProtocolError } from "../../errors.ts";
import type { FileCalls } from "../../native/file/calls.ts";
import { NameCounter } from "../../native/file/name_counter.ts";
import { decodeName } from "../../protocol/names.ts";
import type { DirectoryAccess } from "../target/directory_access.ts";
import type { TargetOptions } from "../engine/target.ts";
import type { TargetRoot } from "../engine/target_root.ts";
import { failedCall } from "../stat/file_failure.ts";
import { planted } from "../stat/file_identity.ts";
import { joinPath } from "../path/local_path.ts";
import { NativeAttributes } from "./attributes.ts";
import { NativeDirectories } from "./directories.ts";
import type { XattrWriter } from "./xattrs.ts";
import { checkShape, rootDirectory, rootPath, targetText } from "../target/name.ts";
import { TEMPORARY_MODE } from "../stat/target_mode.ts";
import { TemporaryNames } from "../path/temporary_name.ts";

/** What the engine has that the calls alone do not tell. */
export interface NativePlacingOptions {
  openat2: boolean;
  /** Where extended attributes or access control lists are wanted. */
  xattrs?: XattrWriter;
}

/** Names are addresses of NUL-terminated bytes; all of them stand in `directory`. */
export class NativePlacing {
  readonly calls: FileCalls;
  readonly roots: TargetRoot[];
  readonly options: TargetOptions;
  readonly directories: NativeDirectories;
  readonly attributes: NativeAttributes;
  readonly xattrs: XattrWriter | undefined;
  /** Index of the current root, -1 before the first. */
  root = -1;
  /** The current directory relative to the root. */
  path = "";
  /** Its descriptor (O_PATH), -1 when there is none. */
  directory = -1;

  /** Access to the current directory. */
  access: DirectoryAccess = { shared: true, sealed: false };

  readonly #temporary: NameCounter;
  /** Whether the last temporary name may still stand in the current directory. */
  #unfinished = false;

  constructor(calls: FileCalls, roots: TargetRoot[], options: TargetOptions, engine: NativePlacingOptions) {
    this.calls = calls;
    this.roots = roots;
    this.options = options;
    this.directories = new NativeDirectories(calls, (root) => rootDirectory(roots[root]), engine);
    this.attributes = new NativeAttributes(calls);
    this.xattrs = engine.xattrs;
    this.#temporary = new NameCounter(new TemporaryNames(options.token).stem, ".part");
  }

  /** Address of the temporary name that was made last. */
  get temporary(): number {
    return this.#temporary.address;
  }

  /** Makes the directory the current one, and makes it first where it is missing. @throws {FileError} */
  enter(root: number, path: string): void {
    const target = this.roots[root];
    if (path !== "" || !target) checkShape(target, true);
    this.directory = -1;
    this.directory = this.directories.open(root, path, { create: true });
    this.access = this.directories.access();
    this.root = root;
    this.path = path;
  }

  /** The current root. @throws {ProtocolError} when no directory has been entered. */
  current(): TargetRoot {
    if (this.directory < 0) throw new ProtocolError("bad-record", "Cannot accept a record: it is in no directory");
    return this.roots[this.root];
  }

  /** Makes a temporary file that is to become `name`. Returns its descriptor. @throws {FileError} */
  openTemporary(name: number): number {
    const { create, exclusive, write, noFollow, closeOnExec } = this.calls.flags;
    const flags = create | exclusive | write | noFollow | closeOnExec;
    for (;;) {
      this.#temporary.next();
      const descriptor = this.calls.openat(this.directory, this.#temporary.address, flags, TEMPORARY_MODE);
      if (descriptor >= 0) {
        this.#unfinished = true;
        return descriptor;
      }
      this.#mayRetry(name, this.calls.errno(), "write");
    }
  }

  /** Makes something else under a temporary name; `make` returns 0 or the error number. @throws {FileError} */
  makeTemporary(name: number, make: (temporary: number) => number): void {
    for (;;) {
      this.#temporary.next();
      const errno = make(this.#temporary.address);
      if (errno === 0) break;
      this.#mayRetry(name, errno, "create");
    }
    this.#unfinished = true;
  }

  /** Text of the temporary name that was made last. */
  get temporaryText(): string {
    return this.#temporary.text();
  }

  /** The text of the last temporary name, which is from now on somebody else's to remove. */
  handOverTemporary(): string {
    this.#unfinished = false;
    return this.temporaryText;
  }

  /** Notes that the last temporary name needs no removal: its file has the final name, or the name is not ours. */
  finished(): void {
    this.#unfinished = false;
  }

  /** Removes what is unfinished. */
  abandon(): void {
    if (this.#unfinished) this.calls.unlinkat(this.directory, this.#temporary.address, 0);
    this.#unfinished = false;
  }

  /** Writes everything. Returns 0 or the error number. */
  writeAll(descriptor: number, address: number, length: number): number {
    for (let done = 0; done < length;) {
      const wrote = this.calls.write(descriptor, address + done, length - done);
      if (wrote >= 0) done += wrote;
      else {
        const errno = this.calls.errno();
        if (errno !== Errno.EINTR) return errno;
      }
    }
    return 0;
  }

  /** Returns the failure of a file whose temporary name refers to another file, which is left alone. */
  planted(name: number, act = "write"): FileError {
    this.finished();
    return planted(act, this.textOf(name));
  }

  /** The failure of the thing with this final name. Its temporary name, 0 for none, is removed. */
  failed(name: number, errno: number, temporary: number, act = "write"): FileError {
    if (temporary !== 0) this.calls.unlinkat(this.directory, temporary, 0);
    this.#unfinished = false;
    return failedCall(act, this.textOf(name), errno);
  }

  /** What the user would call the thing with this final name. */
  textOf(name: number): string {
    const root = this.roots[this.root];
    const directory = root.kind === "folder" ? targetText(root, this.path) : rootPath(root);
    return joinPath(directory, decodeName(nameAt(name)));
  }

  close(): void {
    this.directories.close();
    this.directory = this.root = -1;
  }

  #mayRetry(name: number, errno: number, act: string): void {
    if (errno === Errno.EEXIST || errno === Errno.EINTR) return;
    if (errno !== Errno.EACCES || !this.#openUp()) throw this.failed(name, errno, 0, act);
  }

  /** Gives ourselves write permission in the current directory for the time being, where it is ours. */
  #openUp(): boolean {
    // The directory that a file is copied into is no part of the copy: there the user's word counts.
    if (this.roots[this.root].kind !== "folder") return false;
    return this.directories.openUp(this.root, this.path, this.directory, this.attributes.user);
  }
}

/** Returns the bytes of the name at an address. */
export function nameAt(address: number): Uint8Array {
  const pointer = Deno.UnsafePointer.create(BigInt(address));
  if (pointer === null) return new Uint8Array();
  const view = new Deno.UnsafePointerView(pointer);
  let length = 0;
  while (length < 256 && view.getUint8(length) !== 0) length++;
  return length === 0 ? new Uint8Array() : new Uint8Array(view.getArrayBuffer(length).slice(0));
}
