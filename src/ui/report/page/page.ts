/** The document of a report: one file without any request. */

import type { Chart } from "./charts.ts";
import { type Html, jsonBlock, markup, raw } from "./html.ts";
import { PAGE_SCRIPT, PAGE_STYLE, SCRIPT_HASH, STYLE_HASH } from "./page_code.ts";
import { PAGE_START, type ReportHead } from "../report.ts";

/** Contents of one page. */
export interface PageContents {
  title: string;
  charts: Chart[];
  /** Sections before and after the charts. */
  before: readonly Html[];
  after: readonly Html[];
}

/** The browser loads nothing, sends nothing, and runs only the script of the page. */
const POLICY =
  `default-src 'none'; script-src '${SCRIPT_HASH}'; style-src '${STYLE_HASH}'; base-uri 'none'; form-action 'none'`;

/** Returns the document. */
export function renderPage({ title, charts, before, after }: PageContents, { escp }: ReportHead): string {
  return markup`${raw(PAGE_START)}<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${raw(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>escp: ${title}</title>
<style>${raw(PAGE_STYLE)}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p class="soft">Report of escp ${escp}</p>
${before}
${charts.length > 0 && chartsSection(charts)}
${after}
</main>
<script type="application/json" id="charts">${jsonBlock(charts)}</script>
<script>${raw(PAGE_SCRIPT)}</script>
</body>
</html>
`.text;
}

/** Returns the places of the charts, which the script fills. */
function chartsSection(charts: readonly Chart[]): Html {
  return markup`<section>
<h2>Charts</h2>
<noscript><p>The charts need JavaScript. Nothing else on this page does.</p></noscript>
<div class="controls">
<button type="button" id="zoom-in">Zoom in</button>
<button type="button" id="zoom-out">Zoom out</button>
<button type="button" id="zoom-reset">Reset zoom</button>
<span>Shown: <output id="range"></output></span>
</div>
<p class="soft screen">Drag over a chart to zoom in all charts, double-click to reset. Point at a chart for its values.</p>
${charts.map(chartFigure)}
</section>`;
}

function chartFigure({ title, note }: Chart, at: number): Html {
  return markup`<figure>
<figcaption>${title}<small>${note}</small></figcaption>
<div id="chart-${at}" role="img" aria-label="${title} over time"></div>
</figure>
`;
}
