/** Renders a report as a page. */

import { benchmarkPage } from "./benchmark_page.ts";
import { copyPage } from "./copy_page.ts";
import { doctorPage } from "./doctor_page.ts";
import { renderPage } from "./page.ts";
import type { Report } from "../report.ts";

/** Returns an HTML document. */
export function renderReport(report: Report): string {
  return renderPage(contentsOf(report), report);
}

function contentsOf(report: Report) {
  switch (report.task) {
    case "copy":
      return copyPage(report);
    case "doctor":
      return doctorPage(report);
    case "benchmark":
      return benchmarkPage(report);
  }
}
