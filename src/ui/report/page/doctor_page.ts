/** The page of `--doctor`. */

import type { Step } from "../../../doctor/step.ts";
import { renderStep, RESULT_COLUMN } from "../../doctor_report.ts";
import { renderVerdict } from "../../doctor_verdict.ts";
import type { DoctorReport } from "../report.ts";
import { markup } from "./html.ts";
import type { PageContents } from "./page.ts";
import { list, section, table, terms, verdict } from "./tables.ts";

/** Returns the contents of the page. */
export function doctorPage({ host, steps, message, exitStatus, startedAt }: DoctorReport): PageContents {
  const view = { bits: false, host };
  const advice = steps.flatMap((step) => step.step === "advice" ? [step.text] : []);
  const measured = steps.filter(({ step }) => step !== "advice");
  return {
    title: `Connection to ${host}`,
    charts: [],
    before: [
      verdict(renderVerdict(steps, view, { failure: message }), { isBad: message !== undefined }),
      terms([["Started", startedAt], ["Exit status", exitStatus]]),
      section("Advice", list(advice)),
    ],
    after: [
      section(
        "Steps",
        table("Results of each step", measured, [
          { title: "Step", value: nameOf },
          { title: "Status", value: ({ status }) => status === "fail" ? markup`<b class="bad-text">fail</b>` : status },
          {
            title: "Result",
            value: (step) => renderStep(step, view).map((line) => markup`${line.slice(RESULT_COLUMN)}<br>`),
          },
        ]),
      ),
    ],
  };
}

function nameOf(step: Step): string {
  const end = "end" in step ? step.end : undefined;
  return end === undefined ? step.step : `${step.step}, ${end === "here" ? "local" : "remote"}`;
}
