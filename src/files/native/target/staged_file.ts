/** A file or link under a temporary name, by descriptor. */

import type { FileCalls } from "../../../native/file/calls.ts";
import type { FileIdentity } from "../../stat/file_identity.ts";

/** Plain state: reused for small files, so that none is allocated per file. */
export class StagedFile {
  /** Descriptor of the open file; -1 if it is closed, or for a link. */
  descriptor = -1;
  /** Descriptor (O_PATH) of the temporary name in a directory that others can write to; -1 if there is none. */
  place = -1;
  /** Address of the temporary name. */
  temporary = 0;
  isLink = false;
  /** Identity of a large file, which other writers have opened too. */
  identity: FileIdentity | undefined;
  /** Whether it is an existing file under its final name. */
  inPlace = false;

  /** Resets the state for a new file. @param descriptor Descriptor of the open file; -1 for a link. */
  reset(temporary: number, descriptor: number): this {
    this.temporary = temporary;
    this.descriptor = descriptor;
    this.place = -1;
    this.isLink = descriptor < 0;
    this.identity = undefined;
    this.inPlace = false;
    return this;
  }

  /** Closes all descriptors. May be called again. */
  close(calls: FileCalls): void {
    if (this.descriptor >= 0) calls.close(this.descriptor);
    if (this.place >= 0) calls.close(this.place);
    this.descriptor = this.place = -1;
  }
}
