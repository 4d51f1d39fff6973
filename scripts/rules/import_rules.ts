/** Rules for the layers of escp, as pure functions of the text of a file. */

import { COMMENT_OR_QUOTED, lineAt, type SourceFile, type Violation } from "./source_file.ts";

/** From the bottom up; a file imports from its own layer and from those below. The longest entry that matches counts. */
const LAYERS: readonly (readonly string[])[] = [
  [
    "src/bytes.ts",
    "src/escape_text.ts",
    "src/text_lines.ts",
    "src/version_order.ts",
    "src/errors.ts",
    "src/rate.ts",
    "src/protocol/",
    "src/async/",
    "src/net/",
    "src/native/",
    "src/crypto/",
    "src/compress/",
    "src/delta/",
    "src/log/",
  ],
  ["src/files/"],
  ["src/resume/"],
  ["src/files/write/", "src/files/native/", "src/files/portable/", "src/files/load_engine.ts"],
  ["src/streams/"],
  ["src/ssh/", "src/serve/"],
  ["src/session/"],
  ["src/bootstrap/"],
  ["src/transfer/", "src/probe/"],
  ["src/doctor/"],
  ["src/ui/", "src/config/"],
  ["src/cli/", "deno.json"],
  ["main.ts", "src/library/"],
  ["src/mod.ts"],
];

const BASE = [
  "src/bytes.ts",
  "src/escape_text.ts",
  "src/text_lines.ts",
  "src/version_order.ts",
  "src/errors.ts",
  "src/protocol/",
];
/** Imports within the lowest layer. */
const BOTTOM: Record<string, readonly string[]> = {
  "src/bytes.ts": [],
  "src/escape_text.ts": [],
  "src/text_lines.ts": [],
  "src/version_order.ts": [],
  "src/errors.ts": ["src/escape_text.ts"],
  "src/rate.ts": ["src/errors.ts"],
  "src/protocol/": BASE,
  "src/async/": BASE,
  "src/net/": [...BASE, "src/async/"],
  "src/native/": [...BASE, "src/net/", "src/async/"],
  "src/crypto/": [...BASE, "src/native/"],
  "src/compress/": [...BASE, "src/native/"],
  "src/delta/": BASE,
  "src/log/": BASE,
};

/**
 * Packages that files of src/ import, only dynamically. All others would be downloaded before escp starts from source. That
 * fails on a host that cannot reach a registry, and for users without a writable cache.
 */
const PACKAGES: Record<string, readonly string[]> = {
  "src/config/parse_yaml.ts": ["npm:deno-std@1.3.0/yaml/mod.js"],
  "src/serve/server/create_identity.ts": ["npm:reflect-metadata@0.2.2", "npm:@peculiar/x509@2.2.0"],
};

/** Layers without I/O, clock and randomness, which they receive as arguments. */
const PURE = ["src/protocol/", "src/delta/", "src/crypto/key_schedule.ts", "src/crypto/nonce.ts"];
const IMPURE = /\b(?:Deno\.\w+|console\.\w+|setTimeout|setInterval|setImmediate|performance\.\w+|Math\.random|Date\b)/g;

/** Layers that may print and exit. */
const SPEAKERS = ["src/cli/", "main.ts"];
const SPEAKING = /\b(?:Deno\.exit\b|console\.\w+)/g;

/** Checks one file of src/, or main.ts. */
export function checkFile({ path, text }: SourceFile): Violation[] {
  const violations: Violation[] = [];
  const from = layerOf(path);
  if (from === undefined) {
    return [{ file: path, line: 1, message: "has no layer: add its directory to scripts/rules/import_rules.ts" }];
  }
  for (const { specifier, line } of findImports(text)) {
    const target = resolve(path, specifier);
    if (target === undefined) {
      if (!/^(?:@|npm:|jsr:|https?:)/.test(specifier) || PACKAGES[path]?.includes(specifier)) continue;
      const message = `imports ${specifier}: src must start without a registry (see src/bytes.ts and src/async)`;
      violations.push({ file: path, line, message });
      continue;
    }
    const to = layerOf(target);
    if (to === undefined) {
      violations.push({ file: path, line, message: `imports ${target}: it has no layer` });
    } else if (!mayImport(from, to)) {
      violations.push({ file: path, line, message: `imports ${target}: layer ${from} may not import layer ${to}` });
    }
  }
  const code = blankOut(text, { strings: true });
  const forbid = (pattern: RegExp, why: string) => {
    for (const match of code.matchAll(pattern)) {
      violations.push({ file: path, line: lineAt(code, match.index), message: `uses ${match[0]}: ${why}` });
    }
  };
  if (startsWithAny(path, PURE)) forbid(IMPURE, "pure modules take clock, I/O and randomness as arguments");
  else if (!startsWithAny(path, SPEAKERS)) forbid(SPEAKING, "only src/cli and main.ts print and exit");
  return violations;
}

/**
 * Finds import cycles between files; imports of types count.
 *
 * @returns One violation for each cycle, at the first import that is part of it, with the files in the order of the cycle.
 */
export function findCycles(files: readonly SourceFile[]): Violation[] {
  const known = new Set(files.map(({ path }) => path));
  const imports = new Map(files.map(({ path, text }) => {
    const found = findImports(text).flatMap(({ specifier, line }) => {
      const target = resolve(path, specifier);
      return target !== undefined && known.has(target) ? [{ target, line }] : [];
    });
    return [path, found];
  }));
  const violations: Violation[] = [];
  const finished = new Set<string>();
  /** Follows imports depth first; a file that is already on the path closes a cycle. */
  const visit = (file: string, path: string[]) => {
    if (finished.has(file)) return;
    for (const { target, line } of imports.get(file)!) {
      const start = target === file ? path.length : path.indexOf(target);
      if (start < 0) visit(target, [...path, file]);
      else {
        const cycle = [...path.slice(start), file, target];
        violations.push({ file, line, message: `imports ${target}: a cycle, ${cycle.join(" -> ")}` });
      }
    }
    finished.add(file);
  };
  for (const { path } of files) visit(path, []);
  return violations;
}

/** Returns the specifiers of `import`, `export ... from`, dynamic `import()` and `new URL(..., import.meta.url)`, with their lines. */
export function findImports(text: string): { specifier: string; line: number }[] {
  const code = blankOut(text, { strings: false });
  // The blanked text shows where quotes open and close, so that "import" in a string does not count.
  const outline = blankOut(text, { strings: true });
  const pattern =
    /(?:\b(?:import|export)\b[^;"'`()=]*?\bfrom\s*|\bimport\s*\(\s*|\bimport\s*|\bnew\s+URL\s*\(\s*)(["'`])([^"'`\n]*)\1/g;
  const found: { specifier: string; line: number }[] = [];
  for (const match of code.matchAll(pattern)) {
    const keyword = match[0].match(/^\w+/)![0];
    if (!outline.startsWith(keyword, match.index)) continue;
    found.push({ specifier: match[2], line: lineAt(code, match.index + match[0].length) });
  }
  return found;
}

/** Returns the layer entry of a path, such as "src/files/"; undefined if it has none. */
function layerOf(path: string): string | undefined {
  const matches = LAYERS.flat().filter((entry) => entry.endsWith("/") ? path.startsWith(entry) : path === entry);
  return matches.toSorted((a, b) => b.length - a.length)[0];
}

function mayImport(from: string, to: string): boolean {
  if (from in BOTTOM) return from === to || BOTTOM[from].includes(to);
  return levelOf(to) <= levelOf(from);
}

function levelOf(layer: string): number {
  return LAYERS.findIndex((entries) => entries.includes(layer));
}

/** Returns the path of a relative specifier in the repository; `undefined` for packages. */
function resolve(importer: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return new URL(specifier, `file:///${importer}`).pathname.slice(1);
}

function startsWithAny(path: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => path.startsWith(prefix));
}

/** Replaces comments, and optionally quoted texts, by spaces. Keeps line breaks. */
function blankOut(text: string, { strings }: { strings: boolean }): string {
  return text.replace(COMMENT_OR_QUOTED, (found) => {
    if (!found.startsWith("/")) return strings ? blankQuoted(found) : found;
    return found.replace(/[^\n]/g, " ");
  });
}

/** Blanks a quoted text except the expressions in a template. */
function blankQuoted(quoted: string): string {
  const blank = (text: string) => text.replace(/[^\n]/g, " ");
  if (!quoted.startsWith("`")) return blank(quoted);
  return quoted.split(/(\$\{[^}]*\})/).map((part) => part.startsWith("${") ? part : blank(part)).join("");
}
