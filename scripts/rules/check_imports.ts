/** Reports imports that break the rules of import_rules.ts; exits with status 1 if there are any. */

import { fromFileUrl } from "@std/path";
import { checkFile, findCycles } from "./import_rules.ts";
import type { SourceFile } from "./source_file.ts";
import { walkFiles } from "../walk_files.ts";

const ROOT = fromFileUrl(new URL("../..", import.meta.url));

const files: SourceFile[] = [{ path: "main.ts", text: await Deno.readTextFile(`${ROOT}main.ts`) }];
for await (const { path, below } of walkFiles(`${ROOT}src`, { match: /\.ts$/ })) {
  files.push({ path: `src/${below}`, text: await Deno.readTextFile(path) });
}
files.sort((a, b) => a.path < b.path ? -1 : 1);
const violations = [...files.flatMap(checkFile), ...findCycles(files)];
for (const { file, line, message } of violations) console.log(`${file}:${line} ${message}`);
if (violations.length > 0) Deno.exit(1);
console.log(`Imports point one way in ${files.length} files`);
