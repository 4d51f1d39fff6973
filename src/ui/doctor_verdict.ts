/** The first lines of `--doctor`: whether a copy would work, how fast, and what limits it. Pure. */

import type { Step } from "../doctor/step.ts";
import { printable } from "../escape_text.ts";
import { describeBottleneck, type DoctorView, toOrFrom } from "./doctor_report.ts";
import { formatRate } from "./format.ts";
import { wrapText } from "./wrap_text.ts";

/**
 * Returns the verdict as escaped lines, further ones indented: `ok: copies work, up to 156 MiB/s to web1 (limit: the remote disk)`.
 *
 * @param options.failure the reason if a copy would not work.
 */
export function renderVerdict(steps: readonly Step[], view: DoctorView, { failure }: { failure?: string }): string[] {
  const text = printable(failure === undefined ? success(steps, view) : `fail: a copy would not work. ${failure}`)
    .replaceAll("\n", " ");
  if (view.width === undefined) return [text];
  const [first, ...more] = wrapText(text, Math.max(1, view.width - 2));
  return [first, ...more.map((line) => `  ${line}`)];
}

function success(steps: readonly Step[], view: DoctorView): string {
  const warnings = steps.filter(({ status }) => status === "warn").length;
  const status = warnings === 0 ? "ok" : warnings === 1 ? "ok with 1 warning" : `ok with ${warnings} warnings`;
  const rates = steps.flatMap((step) => {
    if (step.step !== "bottleneck") return [];
    const rate = `${formatRate(step.bytesPerSecond, view)} ${toOrFrom(step.direction, view.host)}`;
    return [`${rate} (limit: ${describeBottleneck(step)})`];
  });
  return [`${status}: copies work`, ...(rates.length > 0 ? [`up to ${rates.join(", ")}`] : [])].join(", ");
}
