/** Archives that are equal if their contents are equal: fixed times, owners and order. */

import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { type Zippable, zipSync } from "fflate";
import { packTar } from "modern-tar";

/** A file in an archive. */
export interface ArchivedFile {
  /** Path in the archive. */
  name: string;
  contents: Uint8Array<ArrayBuffer>;
  isExecutable?: boolean;
}

/** Modification time that npm gives to files in packages. Some programs reject times before 1980. */
const [YEAR, MONTH, DAY, HOUR, MINUTE] = [1985, 9, 26, 8, 15] as const;
const UNIX = 3;

const modeOf = ({ isExecutable }: ArchivedFile) => isExecutable ? 0o755 : 0o644;

/** Returns a .tar.gz file of the files in their order. */
export async function tarGz(files: readonly ArchivedFile[]): Promise<Uint8Array> {
  const mtime = new Date(Date.UTC(YEAR, MONTH, DAY, HOUR, MINUTE));
  const tar = await packTar(files.map((file) => ({
    header: { name: file.name, size: file.contents.length, mode: modeOf(file), mtime, uid: 0, gid: 0 },
    body: file.contents,
  })));
  return await promisify(gzip)(tar);
}

/** Returns a .zip file of the files in their order. */
export function zipFile(files: readonly ArchivedFile[]): Uint8Array {
  // A .zip file contains local times.
  const mtime = new Date(YEAR, MONTH, DAY, HOUR, MINUTE);
  const entries: Zippable = {};
  for (const file of files) {
    entries[file.name] = [file.contents, { mtime, os: UNIX, attrs: (0o100000 | modeOf(file)) << 16 }];
  }
  return zipSync(entries);
}
