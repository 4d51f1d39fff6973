/** Reports texts that break the rules of language_rules.ts; exits with status 1 if there are any. */

import { walk as stdWalk } from "@std/fs/walk";
import { fromFileUrl, relative } from "@std/path";
import { checkLanguage } from "./language_rules.ts";

const walk: (root: string, options: { includeDirs: false; exts: string[] }) => AsyncIterable<{ path: string }> =
  stdWalk;

const ROOT = fromFileUrl(new URL("..", import.meta.url));
/** Quotes the forbidden phrases. */
const EXEMPT = "tests/scripts/language_rules_test.ts";

const paths = ["main.ts", "README.md"];
for (const directory of ["src", "tests", "scripts"]) {
  for await (const { path } of walk(ROOT + directory, { includeDirs: false, exts: ["ts", "md"] })) {
    paths.push(relative(ROOT, path));
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
