/** Reports imports that break the rules of import_rules.ts; exits with status 1 if there are any. */

import { checkFile, findCycles, type SourceFile } from "./import_rules.ts";

const root = new URL("..", import.meta.url);

async function* sourceFiles(directory: string): AsyncGenerator<SourceFile> {
  for await (const entry of Deno.readDir(new URL(directory, root))) {
    const path = `${directory}${entry.name}`;
    if (entry.isDirectory) yield* sourceFiles(`${path}/`);
    else if (path.endsWith(".ts")) yield { path, text: await Deno.readTextFile(new URL(path, root)) };
  }
}

const files: SourceFile[] = [{ path: "main.ts", text: await Deno.readTextFile(new URL("main.ts", root)) }];
for await (const file of sourceFiles("src/")) files.push(file);
files.sort((a, b) => a.path < b.path ? -1 : 1);
const violations = [...files.flatMap(checkFile), ...findCycles(files)];
for (const { file, line, message } of violations) console.log(`${file}:${line} ${message}`);
if (violations.length > 0) Deno.exit(1);
console.log(`Imports point one way in ${files.length} files`);
