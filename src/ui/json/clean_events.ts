/** Events of `--clean`. */

import {
  always,
  COUNT,
  EXIT_STATUS,
  HINT,
  listOf,
  maybe,
  MESSAGE,
  NOTE,
  oneOf,
  SECONDS,
  type TaskEvents,
  TEXT,
  TRUE,
} from "./event_table.ts";

const HOST = maybe(TEXT, "host of the file; absent for this machine");
const LEFTOVER = { host: HOST, path: always(TEXT, "path of the file"), bytes: always(COUNT, "bytes on the disk") };

/** Events of `--clean`. Some have the names of events of a copy. */
export const CLEAN_EVENTS: TaskEvents = {
  title: "`--clean`",
  forms: [
    {
      event: "start",
      when: "first",
      fields: {
        version: always(TEXT, "version of escp"),
        folders: always(listOf(TEXT), "the directories; empty for all leftovers"),
      },
    },
    { event: "removed", when: "for each removed file", fields: LEFTOVER },
    {
      event: "planned",
      when: "with --dry-run, instead of removed",
      fields: { action: always(oneOf("remove"), "remove"), ...LEFTOVER },
    },
    {
      event: "failed",
      when: "for each file that was not removed, and each host that failed",
      fields: { host: HOST, path: always(TEXT, 'the path; "" for a host'), message: MESSAGE, hint: HINT },
    },
    { event: "note", when: "for information", fields: { message: NOTE } },
    {
      event: "end",
      when: "last",
      fields: {
        status: always(oneOf("ok", "failed"), "failed if some paths or hosts failed"),
        exitStatus: EXIT_STATUS,
        seconds: SECONDS,
        files: always(COUNT, "removed files"),
        bytes: always(COUNT, "their bytes on the disk"),
        failed: always(COUNT, "failures"),
        kept: always(COUNT, "files in use or too recent"),
        dryRun: maybe(TRUE, "nothing was removed"),
      },
    },
    {
      event: "end",
      when: "last, if the whole run failed",
      fields: { status: always(oneOf("error"), "error"), exitStatus: EXIT_STATUS, seconds: SECONDS, message: MESSAGE },
    },
  ],
};
