/**
 * Copies a file or directory, and shows the running copy on a web page until Ctrl-C.
 *
 *     deno run --allow-all web_progress.ts SOURCE TARGET [PORT]
 */

import { copy, UserError } from "@escp/escp";

const [source, target, port = "8080"] = Deno.args;

/** State of the copy, which the page reads. */
const state = { text: "connecting", share: 0, hasEnded: false };

const PAGE = `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>escp</title>
<h1>Copy</h1>
<progress id="bar" value="0"></progress>
<p id="text" role="status"></p>
<script>
async function show() {
  const { text, share, hasEnded } = await (await fetch("state")).json();
  document.getElementById("bar").value = share;
  document.getElementById("text").textContent = text;
  if (!hasEnded) setTimeout(show, 250);
}
show();
</script>`;

async function copyAll(): Promise<void> {
  const run = copy(source, target, { recursive: true, update: true, throwOnFailure: false });
  for await (const event of run) {
    if (event.type !== "progress") continue;
    const { files, totalFiles, bytes, totalBytes, totalKnown, file = "" } = event;
    state.share = totalKnown && totalBytes > 0 ? bytes / totalBytes : 0;
    state.text = `${files} of ${totalFiles} files, ${bytes} bytes ${file}`;
  }
  const { files, bytes, failed } = await run;
  Object.assign(state, { text: `copied ${files} files, ${bytes} bytes, ${failed} failed`, share: 1 });
}

const onListen = (address: Deno.NetAddr) => console.log(`The page is http://127.0.0.1:${address.port}/`);
const server = Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen }, ({ url }) => {
  const { pathname } = new URL(url);
  if (pathname === "/state") return Response.json(state);
  if (pathname !== "/") return new Response("not found", { status: 404 });
  return new Response(PAGE, { headers: { "content-type": "text/html" } });
});
await copyAll().catch((error) => {
  if (!(error instanceof UserError)) throw error;
  state.text = error.message;
});
state.hasEnded = true;
await server.finished;
