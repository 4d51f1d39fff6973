/** Reports texts that break the rules of language_rules.ts; exits with status 1 if there are any. */

import { fromFileUrl } from "@std/path";
import { checkLanguage } from "./language_rules.ts";
import { walkFiles } from "../walk_files.ts";

const ROOT = fromFileUrl(new URL("../..", import.meta.url));
/** Quotes the forbidden phrases. */
const EXEMPT = "tests/scripts/rules/language_rules_test.ts";

const paths = ["main.ts", "README.md"];
for (const directory of ["src", "tests", "scripts"]) {
  for await (const { below } of walkFiles(ROOT + directory, { match: /\.(ts|md)$/ })) {
    paths.push(`${directory}/${below}`);
  }
}
let count = 0;
for (const path of paths.sort()) {
  if (path === EXEMPT) continue;
  for (const { line, message } of checkLanguage({ path, text: await Deno.readTextFile(ROOT + path) })) {
    count++;
    console.log(`${path}:${line} ${message}`);
  }
}
if (count > 0) Deno.exit(1);
console.log(`${paths.length} files follow the rules for the language`);
