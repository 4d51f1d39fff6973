/** Writes what is made from the table of options: the list in README.md, and dist/escp.1. */

import { manualPage } from "./manual.ts";
import { withOptions } from "./readme_options.ts";

const root = new URL("..", import.meta.url);

async function writeDocs(): Promise<void> {
  const readme = new URL("README.md", root);
  await Deno.writeTextFile(readme, withOptions(await Deno.readTextFile(readme)));
  await Deno.mkdir(new URL("dist", root), { recursive: true });
  await Deno.writeTextFile(new URL("dist/escp.1", root), manualPage());
  console.log("Wrote the options in README.md, and dist/escp.1");
}

await writeDocs();
