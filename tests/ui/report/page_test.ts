import { type Schema, Validator } from "@cfworker/json-schema";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { pageCode } from "../../../scripts/report_page.ts";
import { UserError } from "../../../src/errors.ts";
import { schemaProblem } from "../../../src/ui/json/check_schema.ts";
import { REPORT_SCHEMAS } from "../../../src/ui/json/report_schema.ts";
import { chartsOf, rateOf } from "../../../src/ui/report/page/charts.ts";
import { markup, raw } from "../../../src/ui/report/page/html.ts";
import { renderReport } from "../../../src/ui/report/page/render_report.ts";
import { parseReport } from "../../../src/ui/report/parse_report.ts";
import type { BenchmarkReport, CopyReport, DoctorReport } from "../../../src/ui/report/report.ts";
import { EVIL, sampleReport } from "./sample_report.ts";

describe("the code of the page", () => {
  it("is what scripts/report_page.ts makes of its sources", async () => {
    const written = await Deno.readTextFile(new URL("../../../src/ui/report/page/page_code.ts", import.meta.url));
    assert(written === await pageCode(), "Run: deno run --allow-all scripts/report_page.ts");
    assertStringIncludes(written, "Permission is hereby granted");
  });
});

describe("markup", () => {
  it("escapes every inserted text and shows invisible characters", () => {
    const shown = String.raw`&lt;b&gt; &quot;&#39;&amp; \u202e`;
    assertEquals(
      markup`<p title="${`<b> "'& \u202e`}">${`<b> "'& \u202e`}</p>`.text,
      `<p title="${shown}">${shown}</p>`,
    );
  });

  it("inserts markup, lists and numbers, and nothing for undefined and false", () => {
    assertEquals(markup`${1}${[raw("<br>"), "<"]}${undefined}${false}${markup`<hr>`}`.text, "1<br>&lt;<hr>");
  });
});

describe("a page", () => {
  it("has no element from a name", () => {
    const page = renderReport(sampleReport());
    assertEquals(page.match(/<script/g)?.length, 2);
    assert(!page.includes("<img"));
    assertStringIncludes(page, "&lt;img src=x onerror=alert(2)&gt;");
    assert(!page.includes("\u202e"));
  });

  it("groups failures by reason, the largest group first", () => {
    const failure = (name: string, reason: string, host?: string) => (
      { path: name, message: `Cannot read "/a/${name}": ${reason}`, host }
    );
    const many = Array.from({ length: 12 }, (_, at) => failure(`f${at}`, "Permission denied", "web1"));
    const failures = [failure("gone", "No such file or directory"), ...many, { path: "x", message: "Cannot continue" }];
    const page = renderReport({ ...sampleReport(), failures, failuresOmitted: 4 });
    const rows = Array.from(page.matchAll(/<tr><td>(Cannot .*?)<\/td><td class="number">(\d+)<\/td>/g));
    assertEquals(rows.map(([, reason, count]) => [reason, count]), [
      ["Cannot read: Permission denied", "12"],
      ["Cannot read: No such file or directory", "1"],
      ["Cannot continue", "1"],
    ]);
    const [, folded] = /<details><summary>2 more<\/summary>(.*?)<\/details>/.exec(page)!;
    assertEquals(folded, "<code>web1:f10</code><br><code>web1:f11</code>");
    assertStringIncludes(page, "4 more failures are not listed");
  });

  it("shows unfinished files, also of a report without the field", () => {
    const report = sampleReport();
    const page = renderReport(report);
    assertStringIncludes(page, "had begun when the transfer ended; 2 more are not listed");
    assertStringIncludes(page, '<td class="number">2.8 GiB</td><td><code>data/&lt;script&gt;');
    const { unfinished: _, unfinishedOmitted: __, ...earlier } = report;
    assert(!renderReport(parseReport(JSON.stringify(earlier)) as CopyReport).includes("Unfinished files"));
  });

  it("names nothing that a browser would load", () => {
    const page = renderReport(sampleReport());
    assertEquals(page.match(/\b(?:src|href|action)\s*=\s*["']/g), null);
    assertEquals(page.match(/@import|url\(/g), null);
  });

  it("shows the result of --doctor", () => {
    const report: DoctorReport = {
      ...{ format: "escp-report", version: 1, escp: "1.2.3", startedAt: "2026-01-31T12:00:00.000Z", task: "doctor" },
      ...{ host: EVIL, exitStatus: 0 },
      steps: [
        { step: "login", host: "web1", seconds: 0.4, status: "ok" },
        { step: "disk", end: "there", status: "fail", problem: "No space left", hint: "Free some" },
        { step: "bottleneck", direction: "push", what: "network", bytesPerSecond: 1e8, status: "ok" },
        { step: "advice", text: "Open the ports", status: "ok" },
      ],
    };
    assertEquals(parseReport(JSON.stringify(report)), report);
    const page = renderReport(report);
    assertStringIncludes(page, "the network");
    assertStringIncludes(page, "<li>Open the ports</li>");
    assertStringIncludes(page, "No space left");
    assert(!page.includes("<img"));
  });

  it("states that nothing was copied by a dry run or with synthetic files, without a rate", () => {
    for (const change of [{ dryRun: true }, { dummy: "both" as const }]) {
      const sample = sampleReport();
      const result = { ...sample.result, status: "ok" as const, exitStatus: 0, failed: 0, failures: [], ...change };
      const page = renderReport({ ...sample, result, limit: undefined });
      assertStringIncludes(page, "nothing was copied");
      assert(!page.includes("Everything was copied") && !page.includes("<dt>Rate") && !page.includes("<dt>Limit"));
    }
  });

  it("shows the bytes of all sessions as one rate, and why the last lost session was lost", () => {
    const sample = sampleReport();
    const series = { ...sample.series, written: sample.series.seconds.map(() => 26 * 2 ** 20) };
    const page = renderReport({ ...sample, series });
    assertStringIncludes(page, "1.0 MiB/s during the transfer");
    assertStringIncludes(page, "2, 1 of them lost, the last one: Connection reset");
    assertStringIncludes(page, "3 more notes are not listed");
  });

  it("shows a benchmark of very many rounds", () => {
    const seconds = Array<number>(300_000).fill(1);
    const page = renderReport({
      ...{ format: "escp-report", version: 1, escp: "1.2.3", startedAt: "2026-01-31T12:00:00.000Z", task: "benchmark" },
      machine: {},
      cases: [{ title: "x", bytes: 1, files: 1, results: [{ program: "escp", seconds, cpuSeconds: [] }] }],
    });
    assertStringIncludes(page, "1.000");
  });

  it("shows the results of a benchmark", () => {
    const report: BenchmarkReport = {
      ...{ format: "escp-report", version: 1, escp: "1.2.3", startedAt: "2026-01-31T12:00:00.000Z", task: "benchmark" },
      machine: { cpu: "EPYC" },
      cases: [{
        ...{ title: "one file", bytes: 1 << 30, files: 1 },
        results: [
          { program: "escp", seconds: [1, 3, 2], cpuSeconds: [1, 1, 1] },
          { program: "scp", seconds: [], cpuSeconds: [], failure: "not installed" },
        ],
      }],
    };
    assertEquals(parseReport(JSON.stringify(report)), report);
    const page = renderReport(report);
    assertStringIncludes(page, "512 MiB/s");
    assertStringIncludes(page, "not installed");
  });
});

describe("parseReport", () => {
  it("returns what was written", () => {
    const report = sampleReport();
    const text = JSON.stringify(report);
    assertEquals(parseReport(text), JSON.parse(text));
  });

  it("refuses a value of another type anywhere, as a validator does", () => {
    const paths = [
      "result.files",
      "series.seconds.3",
      "series.connections.0.carried.9",
      "machines.0.system",
      "notes.0",
    ];
    for (const path of [...paths, "limit.what", "sessions.1.phases", "task"]) {
      const report = JSON.parse(JSON.stringify(sampleReport()));
      const names = path.split(".");
      const parent = names.slice(0, -1).reduce((value, name) => value[name], report);
      parent[names.at(-1)!] = { odd: true };
      assertThrows(() => parseReport(JSON.stringify(report)), UserError, path === "task" ? "task" : "damaged");
      const { valid } = new Validator(REPORT_SCHEMAS.copy as Schema, "2020-12").validate(report);
      assertEquals(valid, false, path);
    }
  });

  it("refuses columns of different lengths", () => {
    const report = sampleReport();
    report.series.connections[0].retransmits.pop();
    assertThrows(() => parseReport(JSON.stringify(report)), UserError, "columns of different lengths");
  });

  it("accepts further fields, but none that an object inherits", () => {
    assertEquals(schemaProblem({ ...sampleReport(), later: 1 }, REPORT_SCHEMAS.copy), undefined);
    assertThrows(() => parseReport('{"format":"escp-report","version":1,"task":"toString"}'), UserError, '"task"');
  });
});

describe("rateOf", () => {
  it("averages over about a second, and is unknown where the counter is", () => {
    assertEquals(rateOf([0, 1, 2, 3], [0, 10, 40, null]), [null, 10, 30, null]);
    assertEquals(rateOf([0, 0.25, 0.5, 0.75, 1, 1.25], [0, 1, 2, 3, 4, 105]), [null, 4, 4, 4, 4, 104]);
    assertEquals(rateOf([0, 1, 2, 3], [null, null, 5, 15]), [null, null, null, 10]);
    assertEquals(rateOf([0, 1], [5, 0]), [null, null]);
  });
});

describe("chartsOf", () => {
  it("omits charts without values, and names sessions only if there are several", () => {
    const report = sampleReport();
    const titles = chartsOf(report).map(({ title }) => title);
    assertEquals(titles.length, 7);
    assertEquals(chartsOf(report)[1].lines[3].label, "session 2, stream 1");
    const series = { ...report.series, connections: [], streams: [] };
    const [first, ...others] = chartsOf({ ...report, series, sessions: report.sessions.slice(0, 1) });
    assertEquals([first, ...others].map(({ title }) => title), ["Throughput", "Files", "Bytes", "Busy cores"]);
  });
});
