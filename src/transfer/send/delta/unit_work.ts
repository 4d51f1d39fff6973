/** The kind of work that a unit is, and its bytes, for the rates of a transfer. */

import type { ScanReport, SignatureReport } from "../../../streams/report.ts";
import type { ScanUnit, SignatureUnit, WorkUnit } from "../../../streams/unit.ts";
import type { Work } from "./delta_rates.ts";

/** Returns the kind of work whose rate a unit shows; undefined for a unit that copies old contents, and others. */
export function workOf(unit: WorkUnit): Work | undefined {
  if (unit.type === "signature") return "digests";
  if (unit.type === "scan") return "search";
  // A file in pieces. The time for small files is not that of the link.
  if (unit.type === "pack") return unit.file && "contents";
  if (unit.type !== "range") return undefined;
  const hasCopies = unit.segments?.some((segment) => segment.old !== undefined || segment.fine) ?? false;
  return hasCopies ? undefined : "contents";
}

/** Returns the bytes that a unit digested or searched; 0 if it failed. */
export function plannedBytes(report: SignatureReport | ScanReport, unit: SignatureUnit | ScanUnit): number {
  if (unit.type === "scan") return report.type === "scan" && report.segments ? unit.end - unit.start : 0;
  if (report.type !== "signature" || !report.digests) return 0;
  return unit.ranges.reduce((sum, { start, end }) => sum + end - start, 0);
}
