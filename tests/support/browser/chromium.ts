/** A headless browser. */

import type { Browser, Page } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** Path of a browser; undefined if none is installed. */
export const CHROMIUM = NAMES.flatMap((name) =>
  ["/usr/bin", "/usr/local/bin", "/snap/bin"].map((at) => `${at}/${name}`)
)
  .find(isFile);

/** A page, and what it did that it must not do. */
export interface WatchedPage extends AsyncDisposable {
  page: Page;
  /** Errors and warnings on the console, and exceptions. */
  problems: string[];
  /** Requests besides that of the page. */
  requests: string[];
}

/** Starts a browser, which must be closed. */
export async function startBrowser(): Promise<Browser> {
  const { chromium } = await import("playwright-core");
  // The tests run as root, for whom the sandbox of Chromium does not start.
  const args = ["--no-sandbox", "--disable-dev-shm-usage"];
  return await chromium.launch({ executablePath: CHROMIUM, args });
}

/** Opens a page without the state of others. */
export async function openPage(
  browser: Browser,
  url: string,
  { dark = false, width = 1100, height = 900 }: { dark?: boolean; width?: number; height?: number } = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light" });
  const page = await context.newPage();
  const problems: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("request", (request) => {
    if (request.url() !== url) requests.push(request.url());
  });
  await page.goto(url);
  return { page, problems, requests, [Symbol.asyncDispose]: () => context.close() };
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
