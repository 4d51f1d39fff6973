/**
 * Merges chunks of a bundle that are loaded together. A bundler makes a chunk for each set of modules that the same entries
 * reach, and every dynamic import is an entry: a client that copies loaded 200 chunks. Merged, they are 80, which saves 10 ms of
 * processor time.
 */

import { build, type Plugin } from "esbuild";
import { walkFiles } from "./walk_files.ts";

/** Names that another chunk exports, in a text without whitespace. */
const NAMES = /\b(import|export)\{([^{}]*)\}from"((?:\.\.?\/)+)([^"/]+\.js)"/g;
/** An import of another chunk without names. */
const EFFECTS = /\bimport"((?:\.\.?\/)+)([^"/]+\.js)"/g;
/** A dynamic import. */
const DYNAMIC = /\bimport\("\.\/([^"/]+\.js)"\)/g;
/** The specifier of any import or export of a chunk. */
const SPECIFIER = /\b(?:from|import|import\()"(?:\.\.?\/)+([^"]+\.js)"/g;
const EXPORTS = /\bexport\{([^{}]*)\}/g;
/** The hash in the name of a chunk. It depends on the path of the clone. */
const HASH = /-[A-Z0-9]{8}\.js\b/g;
/** Chunk of the main module, which is the first stage. */
const MAIN = "main.js";

/** Place of a chunk in a merged one. */
interface Place {
  merged: string;
  /** Index that makes its exported names unique. */
  index: number;
}

/**
 * Merges the chunks that the main module and stages reach by static imports. Chunks that the same stages reach become one. A
 * chunk that is imported dynamically keeps its file, which exports from the merged one.
 *
 * @param directory Chunks without whitespace, all in the top directory. Others below it may import them.
 * @param stages Names of functions that the dynamically imported chunks of a stage export.
 * @throws {Error} If not exactly one chunk that is imported dynamically exports a function.
 */
export async function mergeChunks(directory: string, stages: readonly (readonly string[])[]): Promise<void> {
  const texts = await readChunks(directory);
  const entries = stages.map((names) => names.map((name) => chunkOf(name, texts)));
  const reached = reachedBy(texts, [[MAIN], ...entries]);
  // The main chunk runs until the end of the program, so a module must not wait for a chunk that is merged with it.
  reached.delete(MAIN);
  const groups = Map.groupBy(reached, ([, stages]) => stages.join());
  const merged = [...groups.values()].map((members) => members.map(([chunk]) => chunk)).filter(({ length }) =>
    length > 1
  );
  const places = new Map<string, Place>();
  const outputs = new Map<string, string>();
  for (const [group, chunks] of merged.entries()) {
    chunks.forEach((chunk, index) => places.set(chunk, { merged: `merged-${group}.js`, index }));
  }
  for (const [group, chunks] of merged.entries()) {
    outputs.set(`merged-${group}.js`, redirect(await merge(chunks, texts), places));
  }
  for (const [name, text] of texts) if (!places.has(name)) outputs.set(name, redirect(text, places));
  const loaded = dynamicImports(outputs.values());
  for (const [name, { merged, index }] of places) {
    await Deno.remove(`${directory}/${name}`);
    if (loaded.has(name)) {
      outputs.set(name, `${exported(name, texts, index, "after")}from"./${merged}";`);
    }
  }
  for (const [name, text] of outputs) {
    for (const [, other] of text.matchAll(SPECIFIER)) {
      if (!outputs.has(other)) throw new Error(`Cannot merge chunks: ${name} imports ${other}, which does not exist`);
    }
    await Deno.writeTextFile(`${directory}/${name}`, text);
  }
}

/** Returns the texts of all chunks by their paths, in an order that does not depend on the path of the clone. */
async function readChunks(directory: string): Promise<Map<string, string>> {
  const texts: [name: string, text: string, key: string][] = [];
  for await (const { path, below } of walkFiles(directory, { match: /\.js$/ })) {
    const text = await Deno.readTextFile(path);
    texts.push([below, text, `${below}\n${text}`.replaceAll(HASH, ".js")]);
  }
  texts.sort(([, , a], [, , b]) => a < b ? -1 : 1);
  return new Map(texts.map(([name, text]) => [name, text]));
}

/** Returns the names of chunks that texts import dynamically. */
function dynamicImports(texts: Iterable<string>): Set<string> {
  return new Set([...texts].flatMap((text) => [...text.matchAll(DYNAMIC)].map(([, name]) => name)));
}

/** Returns the chunk that is imported dynamically for a function. @throws {Error} */
function chunkOf(exported: string, texts: ReadonlyMap<string, string>): string {
  const loaded = dynamicImports(texts.values());
  const found = [...loaded].filter((name) => exportsOf(texts.get(name) ?? "").includes(exported));
  if (found.length !== 1) throw new Error(`Cannot merge chunks: ${found.length} export ${exported} instead of one`);
  return found[0];
}

/** Returns the names that a chunk exports. */
function exportsOf(text: string): string[] {
  const lists = [...text.matchAll(EXPORTS)].map(([, list]) => list);
  return lists.flatMap((list) => list === "" ? [] : list.split(",").map((each) => each.split(" as ").at(-1)!));
}

/** Returns the chunks that stages reach, with the indexes of these stages. */
function reachedBy(
  texts: ReadonlyMap<string, string>,
  stages: readonly (readonly string[])[],
): Map<string, readonly number[]> {
  const reached = new Map<string, Set<number>>(Array.from(texts.keys(), (name) => [name, new Set()]));
  const visit = (name: string, stage: number) => {
    if (reached.get(name)!.has(stage)) return;
    reached.get(name)!.add(stage);
    const text = texts.get(name)!;
    for (const [, , , , other] of text.matchAll(NAMES)) visit(other, stage);
    for (const [, , other] of text.matchAll(EFFECTS)) visit(other, stage);
  };
  stages.forEach((names, stage) => names.forEach((name) => visit(name, stage)));
  return new Map([...reached].map(([name, by]) => [name, [...by]] as const).filter(([, by]) => by.length > 0));
}

function unique(name: string, index: number): string {
  return `${name}_${index}`;
}

/** Returns the clause that exports all names of a chunk, which have an index before or after it. */
function exported(
  chunk: string,
  texts: ReadonlyMap<string, string>,
  index: number,
  original: "before" | "after",
): string {
  const names = exportsOf(texts.get(chunk)!).map((name) => {
    return original === "before" ? `${name} as ${unique(name, index)}` : `${unique(name, index)} as ${name}`;
  });
  return `export{${names}}`;
}

/** Returns the text of merged chunks, whose imports still name other chunks. */
async function merge(chunks: readonly string[], texts: ReadonlyMap<string, string>): Promise<string> {
  const resolve: Plugin = {
    name: "chunks",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /./ }, ({ path, kind }) => {
        const member = kind === "dynamic-import" ? -1 : chunks.indexOf(path.slice("./".length));
        // The output depends on the order of paths, which must not depend on hashes.
        return member < 0 ? { path, external: true } : { path: `${member}`.padStart(4, "0"), namespace: "chunk" };
      });
      onLoad({ filter: /./, namespace: "chunk" }, ({ path }) => ({ contents: texts.get(chunks[Number(path)])! }));
    },
  };
  const { outputFiles: [{ text }] } = await build({
    stdin: {
      contents: chunks.map((chunk, index) => `${exported(chunk, texts, index, "before")}from"./${chunk}";`).join(""),
    },
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "esnext",
    minifyWhitespace: true,
    minifySyntax: true,
    plugins: [resolve],
  });
  return text;
}

/** Lets imports of merged chunks refer to the merged ones. */
function redirect(text: string, places: ReadonlyMap<string, Place>): string {
  return text.replace(NAMES, (found, keyword, list, up, chunk) => {
    const place = places.get(chunk);
    if (!place) return found;
    const names = list.split(",").map((each: string) => {
      const [name, local = name] = each.split(" as ");
      return `${unique(name, place.index)} as ${local}`;
    });
    return `${keyword}{${names}}from"${up}${place.merged}"`;
  }).replace(EFFECTS, (found, up, chunk) => {
    const place = places.get(chunk);
    return place ? `import"${up}${place.merged}"` : found;
  });
}
