/** Limits and sizes of protocol version 1. A peer that exceeds one breaks the protocol. See WIRE_FORMAT.md, "Limits". */

/** Default size of a block of a large file, in bytes. */
export const BLOCK_BYTES = 1 << 20;
/** Maximum size of a block, in bytes. */
export const MAX_BLOCK_BYTES = 16 << 20;
/** Minimum size of a block, in bytes. */
export const MIN_BLOCK_BYTES = 64 << 10;
/** Maximum size of a frame's payload in addition to a block: headers, names, records. In bytes. */
export const FRAME_SLACK_BYTES = 256 << 10;
/** Maximum size of a file in a pack, in bytes. A larger file is announced and sent in ranges. */
export const PACK_FILE_LIMIT = 1 << 20;
/** Maximum size of a file in pieces, in bytes. See WIRE_FORMAT.md, "Files in pieces". */
export const MAX_PIECES_BYTES = 64 << 20;
/** Minimum size of a file that is resumed. Sending a smaller one again is faster than looking for its partial file. */
export const MIN_RESUMED_BYTES = 4 << 20;
/** Maximum number of records in a pack unit, other than `enter`. */
export const PACK_RECORDS = 512;
/** Maximum size of the contents that the walk puts into one pack unit, in bytes. */
export const PACK_BYTES = 4 << 20;
/** Maximum length of a name, in bytes (NAME_MAX of all common file systems). */
export const MAX_NAME_BYTES = 255;
/** Maximum length of the name of a user or group, in bytes. */
export const MAX_OWNER_BYTES = 255;
/** Maximum number of names of users and groups on one stream or control channel. */
export const MAX_OWNERS = 4096;
/** Maximum length of a path relative to a root, in bytes. More than PATH_MAX, because trees may be deeper. */
export const MAX_PATH_BYTES = 65_535;
/** Maximum length of the extended attributes of one path, with names and headers. In bytes. */
export const MAX_XATTRS_BYTES = 128 << 10;
/** Maximum length of the value of an extended attribute, in bytes (XATTR_SIZE_MAX of Linux). */
export const MAX_XATTR_VALUE_BYTES = 64 << 10;
/** Maximum length of a control line, in bytes. */
export const MAX_LINE_BYTES = 1 << 20;
/** Maximum length of the noise before the hello line, in bytes. */
export const MAX_NOISE_BYTES = 64 << 10;
/** Maximum number of streams in a session. */
export const MAX_STREAMS = 64;
/** First number of a stream that the remote end opens. The client uses lower numbers. */
export const FIRST_REVERSE_STREAM = 2 ** 31;
/** Maximum number of addresses in "reach". */
export const MAX_PLACES = 64;
/** Maximum length of a host name or address, in characters. */
export const MAX_HOSTNAME = 255;
/** Maximum time for a "reach", in milliseconds. */
export const MAX_REACH_MS = 60_000;
/** Maximum number of roots without the feature "lists", and of the sources that one pattern matches. */
export const MAX_PLAIN_ROOTS = 65_535;
/** Maximum number of roots of a job. */
export const MAX_ROOTS = 1_000_000;
/** Maximum number of directories that a source names if only parts of it are copied. */
export const MAX_TREES = 100;
/** Maximum length of a path in a control message, in UTF-16 units: the path of a root and a path below it. */
export const MAX_PATH_TEXT = 1 << 17;
/** Maximum length of a text for the user in a control message, in UTF-16 units. */
export const MAX_MESSAGE_TEXT = 1 << 18;
/** Maximum length of a hint, in UTF-16 units. */
export const MAX_HINT_TEXT = 1 << 12;
/** Maximum length of the reason why a copy cannot be resumed, in UTF-16 units. */
export const MAX_REASON_TEXT = 1 << 12;
/** Maximum length of all requested sources together, in UTF-16 units. */
export const MAX_SOURCES_TEXT = 1 << 28;
/** Maximum number of different files and directories in the paths that a job copies below its sources. */
export const MAX_PATH_NAMES = 4_000_000;
/** Maximum length of the names and targets of all offered sources together, in UTF-16 units. */
export const MAX_OFFERED_TEXT = 1 << 27;
/** Maximum number of names of source entries that a receiver keeps. A name with upper-case letters counts twice. */
export const MAX_LISTED_NAMES = 1 << 25;
/** Maximum length of the paths (UTF-16 units) and extended attributes (bytes) of all directories together. */
export const MAX_DIRECTORIES_TEXT = 1 << 28;
/** Default of `timeoutMs` in a job: silence of the peer after which a stream or the session is lost. In milliseconds. */
export const TIMEOUT_MS = 60_000;
/** Minimum of `timeoutMs`. */
export const MIN_TIMEOUT_MS = 1_000;
/** Maximum of `timeoutMs`: one day. */
export const MAX_TIMEOUT_MS = 86_400_000;
/** Maximum length of a stream's bytes in one "data" message. */
export const CARRIED_BYTES = 96 << 10;
/** Maximum number of unacknowledged bytes of a tunneled stream in one direction. */
export const CARRIED_WINDOW_BYTES = 4 << 20;

/** First output of `escp --receiver-stream`, after the output of its login shell. */
export const STREAM_MARK = "\nescp-stream\n";

/** Returns the maximum time without a frame or message, in milliseconds. The peer misses several before its timeout. */
export function keepAliveMs(timeoutMs: number): number {
  return Math.min(15_000, timeoutMs / 4);
}
