/** Names of files that are not finished: hidden, and no two alike in any thread of any session. */

import { PRIVATE_PREFIX } from "./private_names.ts";

const SUFFIX = ".part";

/** Makes names such as ".escp-k3x9-5f2a09c1-00002f.part"; each writer has its own. */
export class TemporaryNames {
  readonly #stem: string;
  #counter = 0;

  /** The token is part of every name: letters and digits. */
  constructor(token: string) {
    if (!/^[A-Za-z0-9]{1,64}$/.test(token)) throw new RangeError("The token must be 1 to 64 letters and digits");
    const writer = crypto.getRandomValues(new Uint32Array(1))[0];
    this.#stem = `${temporaryPrefix(token)}${writer.toString(16).padStart(8, "0")}-`;
  }

  /** The part that all names share, for whoever counts in bytes. */
  get stem(): string {
    return this.#stem;
  }

  next(): string {
    return `${this.#stem}${(this.#counter++).toString(16).padStart(8, "0")}${SUFFIX}`;
  }
}

/** What all names with this token begin with. */
export function temporaryPrefix(token: string): string {
  return `${PRIVATE_PREFIX}${token}-`;
}

/** The name with this token and these parts, of 8 hexadecimal digits each. */
export function temporaryName(token: string, writer: string, counter: string): string {
  return `${temporaryPrefix(token)}${writer}-${counter}${SUFFIX}`;
}
