/** Combines the rules for writing targets with the operations of an engine. */

import type { Target } from "../engine/target.ts";
import { type Device, DeviceWriter } from "../output/device_writer.ts";
import type { FileIdentity } from "../stat/file_identity.ts";
import { STANDARD_OUTPUT } from "../target/name.ts";
import { StandardOutput } from "../output/standard_output.ts";
import { AtomicWriter } from "./atomic_writer.ts";
import { BackupDirectories } from "./backup_directories.ts";
import { directoryClearer } from "./directory_clearer.ts";
import { PartialFiles } from "./partial_files.ts";
import { SmallFiles } from "./small_files.ts";
import type { EngineDirectory, WriterOptions } from "./target_directory.ts";
import { TargetDirectories } from "./target_directories.ts";

/** Operations of an engine on targets. */
export interface TargetEngine<Name, Staged> {
  /** Returns a current directory that is independent of the others. */
  openDirectory(options: WriterOptions): EngineDirectory<Name, Staged>;
  /** Returns the device of a path. @param identity Identity that it must have; undefined to accept any. */
  createDevice(path: string, identity?: FileIdentity): Device;
}

/** Opens the targets of a copy. */
export function openTarget<Name, Staged>(engine: TargetEngine<Name, Staged>, options: WriterOptions): Target {
  const small = engine.openDirectory(options);
  // Large files must not change the current directory of small ones.
  const other = engine.openDirectory(options);
  // Clearing a directory must not change either.
  const clearing = options.options.replaces && engine.openDirectory(options);
  const clear = clearing && directoryClearer(new AtomicWriter(clearing, options));
  const backups = new BackupDirectories(engine.openDirectory, options);
  const writer = new AtomicWriter(other, { ...options, clear }, backups);
  const partials = new PartialFiles(writer);
  return {
    small: new SmallFiles(new AtomicWriter(small, { ...options, clear }, backups)),
    partials,
    directories: new TargetDirectories(writer, (name) => partials.isLeft(name)),
    openDevice(root, note) {
      const target = options.roots[root];
      if (target?.kind !== "device") return undefined;
      const { path, identity, descriptor } = target;
      const device = path === STANDARD_OUTPUT ? new StandardOutput(descriptor) : engine.createDevice(path, identity);
      return new DeviceWriter(device, target, note);
    },
    abort: (options = {}) => partials.abort(options),
    close() {
      small.directory.close();
      other.directory.close();
      clearing?.directory.close();
      backups.close();
    },
  };
}
