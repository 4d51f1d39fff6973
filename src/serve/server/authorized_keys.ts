/**
 * The keys that a server accepts, in the format of sshd(8), "AUTHORIZED_KEYS FILE FORMAT": one line
 * `[options] ssh-ed25519 BASE64 [comment]` per key, with the options of key_options.ts.
 */

import { equals } from "../../bytes.ts";
import { FormatError } from "../../protocol/serve/ssh_strings.ts";
import { textLines } from "../../text_lines.ts";
import { parsePublicKeyLine, type PublicKey } from "../keys/public_key.ts";
import { readTrustedFile } from "../trusted_file.ts";
import { type KeyOptions, parseKeyOptions } from "./key_options.ts";

/** Maximum length of a line, in UTF-16 units. */
const MAX_LINE = 8192;

/** The first word of a line without options. Only one type is supported. */
const KEY_TYPES = /^(?:ssh|ecdsa|sk)-[A-Za-z0-9@.-]+$/;

/** One key of the file. */
export interface AuthorizedKey {
  readonly key: PublicKey;
  readonly options: KeyOptions;
  /** From the file: escape it. */
  readonly comment: string;
  /** Number of the line, from 1. */
  readonly line: number;
}

/** A line that is not used. */
export interface InvalidLine {
  /** Number of the line, from 1. */
  readonly line: number;
  /** Reason, such as `the option "command" is unknown`. */
  readonly reason: string;
}

/** Contents of the file. */
export interface AuthorizedKeys {
  readonly keys: readonly AuthorizedKey[];
  /** For the log. Their keys are not accepted. */
  readonly invalid: readonly InvalidLine[];
}

/** A file of authorized keys. It is read at each use, so that a removed key is refused at once. */
export class AuthorizedKeysFile {
  readonly path: string;
  readonly #onInvalid: (line: InvalidLine) => void;
  #text: string | undefined;
  #contents: AuthorizedKeys = { keys: [], invalid: [] };

  /** @param onInvalid Called for each invalid line, again only after the file has changed: any client causes a use. */
  constructor(path: string, onInvalid: (line: InvalidLine) => void) {
    this.path = path;
    this.#onInvalid = onInvalid;
  }

  /**
   * Returns the current contents. A missing file has no keys.
   *
   * @throws {UserError} if it cannot be read, or other users can change it.
   */
  read(): AuthorizedKeys {
    const text = readTrustedFile(this.path) ?? "";
    if (text !== this.#text) {
      this.#text = text;
      this.#contents = parseAuthorizedKeys(text);
      this.#contents.invalid.forEach(this.#onInvalid);
    }
    return this.#contents;
  }
}

/** Parses the text of the file. */
export function parseAuthorizedKeys(text: string): AuthorizedKeys {
  const keys: AuthorizedKey[] = [];
  const invalid: InvalidLine[] = [];
  for (const [index, content] of textLines(text).entries()) {
    if (/^[ \t]*(?:#|$)/.test(content)) continue;
    try {
      keys.push({ ...parseLine(content), line: index + 1 });
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      invalid.push({ line: index + 1, reason: error.reason });
    }
  }
  return { keys, invalid };
}

/**
 * Returns the first line with a key that may be used from an address; undefined if there is none.
 *
 * @param blob Key from the client, in the format of RFC 8709.
 */
export function findAuthorizedKey(
  { keys }: AuthorizedKeys,
  blob: Uint8Array,
  address: string,
): AuthorizedKey | undefined {
  return keys.find(({ key, options }) => equals(key.blob, blob) && (options.allowsFrom?.(address) ?? true));
}

function parseLine(content: string): Omit<AuthorizedKey, "line"> {
  if (content.length > MAX_LINE) throw new FormatError("the line", `it is longer than ${MAX_LINE} characters`);
  const line = content.trim();
  const end = endOfOptions(line);
  const first = line.slice(0, end);
  if (KEY_TYPES.test(first)) return { ...parsePublicKeyLine(line), options: {} };
  const options = parseKeyOptions(first);
  return { ...parsePublicKeyLine(line.slice(end)), options };
}

/** Returns the index of the first space or tab outside of quotes, or the length of the line. */
function endOfOptions(line: string): number {
  let isQuoted = false;
  for (let at = 0; at < line.length; at++) {
    const char = line[at];
    if (char === "\\" && line[at + 1] === '"') at++;
    else if (char === '"') isQuoted = !isQuoted;
    else if (!isQuoted && (char === " " || char === "\t")) return at;
  }
  return line.length;
}
