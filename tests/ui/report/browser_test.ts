/** The page of a report in a real browser. */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { renderReport } from "../../../src/ui/report/page/render_report.ts";
import type { Browser } from "playwright-core";
import { CHROMIUM, openPage, startBrowser, type WatchedPage } from "../../support/browser/chromium.ts";
import type { TempDirectory } from "../../support/files/temp.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";
import { EVIL, sampleReport } from "./sample_report.ts";

/** Number of pixels of a canvas that are not transparent. */
const DRAWN = `[...document.querySelectorAll("canvas")].map((canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((_, at) => at % 4 === 3 && data[at] > 0).length;
})`;

describe("the page of a report in a browser", { ignore: CHROMIUM === undefined }, () => {
  let browser: Browser;
  let tree: TempDirectory;
  beforeAll(async () => {
    browser = await startBrowser();
    tree = await createTempTree({ "run.html": renderReport(sampleReport()) });
  });
  afterAll(async () => {
    await browser.close();
    await tree[Symbol.asyncDispose]();
  });

  function open(options?: { dark?: boolean }): Promise<WatchedPage> {
    return openPage(browser, `file://${tree.path}/run.html`, options);
  }

  for (const dark of [false, true]) {
    it(`draws all charts without an error or a request (${dark ? "dark" : "light"})`, async () => {
      await using opened = await open({ dark });
      const drawn = await opened.page.evaluate(DRAWN) as number[];
      assertEquals(drawn.length, 7);
      assert(drawn.every((pixels) => pixels > 1000), drawn.join(", "));
      assertEquals([opened.problems, opened.requests], [[], []]);
    });
  }

  it("shows names as text", async () => {
    await using opened = await open();
    const text = await opened.page.locator("h2:text('Slowest large files') + * td code").first().innerText();
    assertEquals(text, `data/${EVIL.replace("\u202e", "\\u202e")}`);
    assertEquals(await opened.page.locator("img").count(), 0);
  });

  it("zooms in all charts by dragging and by buttons, and resets", async () => {
    await using opened = await open();
    const { page } = opened;
    const range = () => page.locator("#range").innerText();
    const whole = await range();
    assertEquals(whole, "0.00 s to 30.00 s");
    const chart = page.locator("#chart-0 .u-over");
    await chart.scrollIntoViewIfNeeded();
    const box = (await chart.boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.25, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 50, { steps: 5 });
    await page.mouse.up();
    const [from, to] = (await range()).match(/[\d.]+/g)!.map(Number);
    assert(Math.abs(from - 7.5) < 0.5 && Math.abs(to - 15) < 0.5, `${from} to ${to}`);
    await page.locator("#zoom-in").click();
    assertNotEquals(await range(), `${from.toFixed(2)} s to ${to.toFixed(2)} s`);
    await page.locator("#zoom-reset").click();
    assertEquals(await range(), whole);
    assertEquals([opened.problems, opened.requests], [[], []]);
  });

  it("shows the values below the cursor", async () => {
    await using opened = await open();
    await opened.page.locator("#chart-0 .u-over").hover();
    const tip = await opened.page.locator("#chart-0 .tip").innerText();
    assert(/^\d+\.\d+ s\nwritten: [\d.,]+ MiB\/s\ncarried: [\d.,]+ MiB\/s$/.test(tip), tip);
  });

  it("is printed in the colours for light backgrounds, with all charts", async () => {
    await using opened = await open({ dark: true });
    const { page } = opened;
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    const colours = await page.evaluate(
      `(({ color, backgroundColor }) => [color, backgroundColor])(getComputedStyle(document.body))`,
    );
    assertEquals(colours, ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]);
    assertEquals(await page.locator(".controls").isVisible(), false);
    const pdf = await page.pdf();
    assertEquals(new TextDecoder().decode(pdf.subarray(0, 5)), "%PDF-");
    assertEquals((await page.evaluate(DRAWN) as number[]).length, 7);
  });
});
