/** Events of a copy. */

import { PLANNED_ACTIONS } from "../../protocol/control/messages.ts";
import {
  always,
  AMOUNT,
  BOOLEAN,
  COUNT,
  EXIT_STATUS,
  HINT,
  listOf,
  maybe,
  MESSAGE,
  NOTE,
  objectOf,
  oneOf,
  orNull,
  SECONDS,
  type TaskEvents,
  TEXT,
  TRUE,
} from "./event_table.ts";

const HOST = maybe(TEXT, "name of the remote host; with two remote hosts that of the target");
const REASON = maybe(TEXT, "last line that ssh printed; absent if ssh may ask for a password on a terminal");

/** Events of a copy, and of a dry run. */
export const COPY_EVENTS: TaskEvents = {
  title: "A copy",
  forms: [
    {
      event: "start",
      when: "first",
      fields: {
        version: always(TEXT, "version of escp"),
        sources: always(listOf(TEXT), "the sources, without those of a list"),
        target: always(TEXT, 'the target; "" if a list names one for each source'),
        filelist: maybe(TEXT, "file of --filelist or --files-from"),
      },
    },
    {
      event: "connected",
      when: "for each session",
      fields: {
        streams: always(COUNT, "number of data connections"),
        engine: always(TEXT, "native or portable"),
        address: maybe(TEXT, "address of the peer, or the route through ssh"),
        host: HOST,
      },
    },
    {
      event: "progress",
      when: "twice per second; the counts start over after a retry",
      fields: {
        files: always(COUNT, "files that the receiver has written"),
        bytes: always(COUNT, "bytes that the receiver has written"),
        totalFiles: always(COUNT, "files found so far; with -u without skipped files"),
        totalBytes: always(COUNT, "bytes of these files"),
        totalKnown: always(BOOLEAN, "whether the totals are final"),
        bytesPerSecond: always(orNull(COUNT), "rate, or null if unknown"),
        secondsLeft: always(orNull({ type: "number" }), "remaining time, or null if unknown"),
      },
    },
    {
      event: "failed",
      when: "for each path that was not copied",
      fields: {
        path: always(TEXT, 'the path; "" if the whole copy from or to a host failed'),
        message: MESSAGE,
        hint: HINT,
        host: maybe(TEXT, "host of the path; absent for this machine"),
        reason: REASON,
      },
    },
    {
      event: "planned",
      when: "with --dry-run, for each entry",
      fields: {
        action: always(
          oneOf(...PLANNED_ACTIONS),
          "create a directory, send another new entry, replace or skip an entry, remove an entry that the source lacks, " +
            "or unlink an entry of the source",
        ),
        path: always(TEXT, "name of the source and the path below it"),
        bytes: always(COUNT, "size of a file, 0 for other entries"),
      },
    },
    {
      event: "item",
      when: "with --itemize-changes, for each entry that changes",
      fields: {
        item: always(TEXT, "the change in the format of rsync: 11 characters YXcstpoguax"),
        path: always(TEXT, 'name of the source and the path below it; of a directory with a "/" at its end'),
        target: maybe(TEXT, "target of a symbolic link, or first path of a hard link"),
      },
    },
    {
      event: "deleted",
      when: "with --delete, for each entry that was deleted",
      fields: { path: always(TEXT, 'name of the source and the path below it; of a directory with a "/" at its end') },
    },
    { event: "note", when: "for information", fields: { message: NOTE, host: HOST } },
    {
      event: "retry",
      when: "for each lost session that is retried",
      fields: {
        message: MESSAGE,
        seconds: always(AMOUNT, "time until the next attempt"),
        left: always(COUNT, "remaining retries"),
        host: HOST,
        reason: REASON,
      },
    },
    {
      event: "end",
      when: "last; for all sessions",
      fields: {
        status: always(oneOf("ok", "failed"), "failed if some paths failed"),
        exitStatus: EXIT_STATUS,
        seconds: SECONDS,
        files: always(COUNT, "copied files; in a dry run those that would be copied"),
        bytes: always(COUNT, "bytes of these files"),
        resumed: always(COUNT, "bytes that an earlier copy had left"),
        reused: maybe(COUNT, "bytes that were copied from replaced files instead of sent"),
        failed: always(COUNT, "failed paths"),
        skipped: always(COUNT, "entries that needed no copy"),
        verified: maybe(COUNT, "with --verify: verified files and links"),
        deleted: maybe(COUNT, "with --delete: deleted entries; in a dry run those that would be deleted"),
        removedSources: maybe(COUNT, "with --remove-source-files: removed entries of the source"),
        stopped: maybe(TRUE, "the copy stopped early, because the target takes no more files"),
        shards: maybe(COUNT, "with --shard finish/N: shards whose results are included"),
        dryRun: maybe(TRUE, "nothing was copied"),
        wireBytes: maybe(COUNT, "with -C or reused: bytes on the data connections, including frames"),
        dummy: maybe(oneOf("sender", "receiver", "both"), "with --ioengine dummy: ends with synthetic files"),
        streams: always(COUNT, "number of data connections"),
        engine: always(TEXT, "native or portable"),
        phases: always(objectOf({ connect: AMOUNT, transfer: AMOUNT }), "durations of connect and transfer"),
      },
    },
    {
      event: "end",
      when: "last, if the whole copy failed",
      fields: {
        status: always(oneOf("error"), "error"),
        exitStatus: EXIT_STATUS,
        seconds: SECONDS,
        message: MESSAGE,
        host: HOST,
        reason: REASON,
      },
    },
  ],
};
