/** Operands `escps://[name@]host[:port][/path]`, and the URL that `escp --serve --once` prints. */

import { concat } from "../bytes.ts";
import { quotePath, UsageError } from "../errors.ts";
import { MAX_CLIENT_NAME } from "../protocol/serve/login_messages.ts";
import { HASH_BYTES, ONE_TIME_SECRET_BYTES } from "../protocol/serve/proof.ts";
import { parseUri } from "../ssh/uri.ts";
import { DEFAULT_PORT, formatAddress, type ServerAddress } from "./server_address.ts";

const SCHEME = "escps";

/** Text before the key of a one-time URL. */
const KEY_MARK = "#k=";

/** Length of the key of a one-time URL: base64url of a digest and a secret. */
const KEY_CHARS = (HASH_BYTES + ONE_TIME_SECRET_BYTES) * 8 / 6;

/** Contents of the key of a one-time URL. */
export interface OneTimeKey {
  /** SHA-256 of the server's certificate, HASH_BYTES bytes. */
  readonly certificateHash: Uint8Array;
  /** ONE_TIME_SECRET_BYTES random bytes, which permit a session. */
  readonly secret: Uint8Array;
}

/** An operand at a server without ssh. */
export interface EscpsOperand extends ServerAddress {
  /** Name of the client for the server's log. */
  readonly user?: string;
  /** Path below the root of the server; "." is the root. Not expanded. It begins neither with "/" nor with "~". */
  readonly path: string;
  readonly oneTimeKey?: OneTimeKey;
}

/** Returns whether an operand begins with `escps://`, in upper or lower case. */
export function isEscpsOperand(text: string): boolean {
  return /^escps:\/\//i.test(text);
}

/** Returns whether an operand is a one-time URL without its key. */
export function lacksKey(text: string): boolean {
  return isEscpsOperand(text) && text.endsWith(KEY_MARK);
}

/** Appends a key to a URL that lacks it. @param key the key, or a URL that ends in it. */
export function withKey(text: string, key: string): string {
  const given = key.trim();
  const mark = given.indexOf(KEY_MARK);
  return text + (mark < 0 ? given : given.slice(mark + KEY_MARK.length));
}

/**
 * Parses an operand, with the rules of `scp://` for percent escapes. "/" is the root of the server, and "~" is an ordinary
 * character. "#" is part of the path, except in `#k=`, which precedes the key of a one-time URL: `%23k=` is a path.
 *
 * @throws {UsageError} with the text of the operand, but not with its key.
 */
export function parseEscpsOperand(text: string): EscpsOperand {
  const mark = text.indexOf(KEY_MARK);
  const uri = mark < 0 ? text : text.slice(0, mark);
  const shown = mark < 0 ? text : `${uri}${KEY_MARK}...`;
  const { host, user, port = DEFAULT_PORT, path } = parseUri(uri, { scheme: SCHEME, shown });
  if (user !== undefined && user.length > MAX_CLIENT_NAME) {
    throw new UsageError(`The name in ${quotePath(shown)} must have at most ${MAX_CLIENT_NAME} characters`);
  }
  const operand = { host, user, port, path: belowRoot(path) };
  if (mark < 0) return operand;
  const oneTimeKey = parseKey(text.slice(mark + KEY_MARK.length));
  if (oneTimeKey) return { ...operand, oneTimeKey };
  throw new UsageError(
    `The key in ${quotePath(shown)} must have ${KEY_CHARS} characters: it is incomplete or damaged`,
    {
      hint: "Copy the whole line that escp --serve --once has printed, and put it in quotes",
    },
  );
}

/** Returns the URL of a server that serves one session. */
export function formatOneTimeUrl(server: ServerAddress, { certificateHash, secret }: OneTimeKey): string {
  if (certificateHash.length !== HASH_BYTES || secret.length !== ONE_TIME_SECRET_BYTES) {
    throw new RangeError("Cannot make a one-time URL: the digest or the secret has a wrong length");
  }
  const key = concat([certificateHash, secret]).toBase64({ alphabet: "base64url", omitPadding: true });
  return `${SCHEME}://${formatAddress(server).replace("%", "%25")}/${KEY_MARK}${key}`;
}

function belowRoot(path: string): string {
  const relative = path.replace(/^\/+/, "");
  if (relative === "") return ".";
  return relative.startsWith("~") ? `./${relative}` : relative;
}

/** Returns the contents of a key; undefined if it is invalid. */
function parseKey(text: string): OneTimeKey | undefined {
  if (text.length !== KEY_CHARS || !/^[A-Za-z0-9_-]*$/.test(text)) return undefined;
  const bytes = Uint8Array.fromBase64(text, { alphabet: "base64url" });
  return { certificateHash: bytes.subarray(0, HASH_BYTES), secret: bytes.subarray(HASH_BYTES) };
}
