/** Parses the `--json` output of escp on another host. */

import { PLANNED_ACTIONS } from "../protocol/control/messages.ts";
import type { TransferEvent } from "../transfer/events.ts";

/** Returns the events of a line. There are none in lines of login scripts, and in lines without new information. */
export function parseEvents(line: string): TransferEvent[] {
  const fields = parseLine(line);
  const count = (name: string) => {
    const value = fields[name];
    return typeof value === "number" && value >= 0 ? value : 0;
  };
  const text = (name: string) => typeof fields[name] === "string" ? fields[name] as string : undefined;
  switch (fields.event) {
    case "connected":
      return [{
        type: "connected",
        streams: count("streams"),
        engine: text("engine") ?? "",
        address: text("address"),
        host: text("host"),
      }];
    case "progress": {
      const complete = fields.totalKnown === true;
      return [
        { type: "totals", files: count("totalFiles"), bytes: count("totalBytes"), complete },
        { type: "progress", files: count("files"), bytes: count("bytes") },
      ];
    }
    case "failed":
      // escp on the source host has printed the message on the terminal, because it shares standard error with this process.
      return [{
        type: "failed",
        path: text("path") ?? "",
        message: text("message") ?? "",
        hint: text("hint"),
        isPrinted: true,
        host: text("host"),
        // Paths without a host are on the host of the sources, where that escp runs.
        side: "sender",
        reason: text("reason"),
      }];
    case "planned": {
      const action = PLANNED_ACTIONS.find((action) => action === fields.action);
      return action ? [{ type: "planned", action, path: text("path") ?? "", bytes: count("bytes") }] : [];
    }
    case "item":
      return [{ type: "item", item: text("item") ?? "", path: text("path") ?? "", target: text("target") }];
    case "deleted":
      return [{ type: "deleted", path: text("path") ?? "" }];
    case "retry":
      return [{
        type: "retry",
        message: text("message") ?? "",
        pauseSeconds: count("seconds"),
        left: count("left"),
        host: text("host"),
        reason: text("reason"),
      }];
    case "note":
      return [{ type: "note", message: text("message") ?? "", host: text("host") }];
    case "end":
      if (fields.status === "error") return [];
      return [{
        type: "finished",
        files: count("files"),
        bytes: count("bytes"),
        resumed: count("resumed"),
        reused: fields.reused === undefined ? undefined : count("reused"),
        failed: count("failed"),
        skipped: count("skipped"),
        verified: fields.verified === undefined ? undefined : count("verified"),
        deleted: fields.deleted === undefined ? undefined : count("deleted"),
        removedSources: fields.removedSources === undefined ? undefined : count("removedSources"),
        stopped: fields.stopped === true || undefined,
        dryRun: fields.dryRun === true || undefined,
        wireBytes: fields.wireBytes === undefined ? undefined : count("wireBytes"),
        dummy: DUMMIES.find((dummy) => dummy === fields.dummy),
        streams: count("streams"),
        engine: text("engine") ?? "",
      }];
    default:
      return [];
  }
}

const DUMMIES = ["sender", "receiver", "both"] as const;

function parseLine(line: string): Record<string, unknown> {
  try {
    const value = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
