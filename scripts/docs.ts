/**
 * Writes the documents that come from the table of options: the tables of src/cli/MANUAL.md, the options of the
 * library, and dist/escp.1.
 */

import { manualPage } from "../src/cli/help/manual_page.ts";
import { libraryOptions } from "./library_options.ts";
import { withTables } from "./manual_tables.ts";

const root = new URL("..", import.meta.url);

async function writeDocs(): Promise<void> {
  const manual = new URL("src/cli/MANUAL.md", root);
  await Deno.writeTextFile(manual, withTables(await Deno.readTextFile(manual)));
  await Deno.mkdir(new URL("dist", root), { recursive: true });
  await Deno.writeTextFile(new URL("dist/escp.1", root), manualPage());
  await Deno.writeTextFile(new URL("src/library/options.ts", root), libraryOptions());
  console.log("Wrote the tables of src/cli/MANUAL.md, src/library/options.ts and dist/escp.1");
}

await writeDocs();
