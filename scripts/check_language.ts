/** Reports where a text of the project breaks the rules of language_rules.ts; exit status 1 if one does. */

import { checkLanguage } from "./language_rules.ts";

const root = new URL("..", import.meta.url);
const ROOTS = ["src/", "tests/", "scripts/"];

async function* textFiles(directory: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(directory, root))) {
    if (isDirectory) yield* textFiles(`${directory}${name}/`);
    else if (/\.(?:ts|md)$/.test(name)) yield `${directory}${name}`;
  }
}

const paths = ["main.ts", "README.md"];
for (const directory of ROOTS) for await (const path of textFiles(directory)) paths.push(path);
let count = 0;
for (const path of paths.sort()) {
  const text = await Deno.readTextFile(new URL(path, root));
  for (const { line, message } of checkLanguage({ path, text })) {
    count++;
    console.log(`${path}:${line} ${message}`);
  }
}
if (count > 0) Deno.exit(1);
console.log(`${paths.length} files follow the rules for the language`);
