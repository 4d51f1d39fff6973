/** The rules for the project's English that a program can check, as pure functions over the text of its files. */

import { type SourceFile, type Violation } from "./import_rules.ts";

/** Words that have a plainer or more exact alternative. */
interface WordRule {
  /** Matches one line of prose. */
  pattern: RegExp;
  /** What to write instead. */
  advice: string;
  /** Path prefixes of files in which the words are terms of their own. */
  except?: readonly string[];
}

/** In which files a word is a term: encryption is called sealing in the record layer, and on the wire. */
const RECORD_LAYER = ["src/crypto/", "src/protocol/", "src/streams/frames/", "tests/crypto/", "tests/fuzz/"];

const WORDS: readonly WordRule[] = [
  { pattern: /\bsee above\b/i, advice: "delete the sentence, or name the thing" },
  {
    pattern: /(?<!\bthere )\b(?:is|are|was|were) no\b(?! (?:longer|more|less|later|larger|fewer|other)\b)/i,
    advice: '"is not a"',
  },
  { pattern: /\b(?:who|what|which|where)ever\b/i, advice: "name the person or the thing" },
  { pattern: /\b(?:hears?|heard)\b/i, advice: '"receives", or "is called for"' },
  { pattern: /\b(?:tells?|told|telling)\b/i, advice: '"reports", "sends" or "names"' },
  { pattern: /\b(?:says|said|saying)\b/i, advice: '"reports", "sends", "states" or "means"' },
  { pattern: /\b(?:go|goes|went|gone|going) on\b/i, advice: '"continues" or "resumes"' },
  { pattern: /\banew\b/i, advice: '"again", or "starts over"' },
  { pattern: /\b(?:bring|brings|brought) (?:\w+ ){0,3}to the disk\b/i, advice: '"flushes" or "syncs"' },
  { pattern: /\b(?:come|comes|came) about\b/i, advice: '"succeeds"' },
  { pattern: /\b(?:let|lets|letting) go of\b/i, advice: '"releases"' },
  { pattern: /\b(?:hold|holds|held) against\b/i, advice: '"compares with"' },
  { pattern: /\b(?:lies|lying)\b/i, advice: '"is", or "is in"' },
  { pattern: /\b(?:borne|bears)\b/i, advice: '"tolerates"' },
  { pattern: /\bbelie(?:ve|ves|ved)\b/i, advice: '"trusts" or "accepts"' },
  { pattern: /\bby (?:itself|themselves)\b/i, advice: '"automatically", "by default" or "alone"' },
  { pattern: /\bso (?:many|long)\b/i, advice: '"number of", "time until", or the number itself' },
  { pattern: /\bat the (?:most|least)\b/i, advice: '"at most", "at least"' },
  { pattern: /\bonce more\b/i, advice: '"again"' },
  { pattern: /\bin the place of\b/i, advice: '"instead of"' },
  { pattern: /\bfolders?\b/i, advice: '"directory"' },
  { pattern: /\bthe other (?:side|end)\b/i, advice: '"the peer", "the remote host", "the sender" or "the receiver"' },
  { pattern: /\b(?:bytes|files|bits|blocks) a second\b/i, advice: '"per second"' },
  { pattern: /\b(?:files|bytes|streams) a (?:core|thread)\b/i, advice: '"per core", "per thread"' },
  { pattern: /\b(?:unseal|seal|seals|sealed|sealing)\b/i, advice: '"encrypts"', except: RECORD_LAYER },
];

/** A comment or a paragraph must start with a noun or a verb. */
const OPENING = /^(?:What|Whoever|Who|Those that|That which|How it|It)\b/;

/** Checks the prose of one file: comments and texts of a module, everything but code blocks of a document. */
export function checkLanguage({ path, text }: SourceFile): Violation[] {
  const violations: Violation[] = [];
  for (const { line, prose, opens } of path.endsWith(".md") ? proseOfDocument(text) : proseOfModule(text)) {
    const opening = opens ? OPENING.exec(prose.trim()) : null;
    if (opening) violations.push({ file: path, line, message: `begins with "${opening[0]}": begin with the subject` });
    for (const { pattern, advice, except = [] } of WORDS) {
      if (except.some((prefix) => path.startsWith(prefix))) continue;
      const found = pattern.exec(prose);
      if (found) violations.push({ file: path, line, message: `"${found[0]}": write ${advice}` });
    }
  }
  return violations;
}

/** A line of prose. `opens`: a comment begins with it. */
interface Prose {
  line: number;
  prose: string;
  opens: boolean;
}

/** Comments and quoted texts of more than one word. */
function* proseOfModule(text: string): Generator<Prose> {
  const token = /\/\/[^\n]*|\/\*[^]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;
  let previousEnd = -1;
  for (const { 0: found, index } of text.matchAll(token)) {
    const isComment = found.startsWith("/");
    if (!isComment && !/\w \w/.test(found)) continue;
    // A line comment below another continues it.
    const continues = found.startsWith("//") && /^\s*$/.test(text.slice(previousEnd, index)) && previousEnd >= 0;
    const lines = (isComment ? found : found.replace(/\$\{[^}]*\}/g, "x")).split("\n");
    const first = text.slice(0, index).split("\n").length;
    let opens = isComment && !continues;
    for (const [offset, content] of lines.entries()) {
      const prose = content.replace(/^\s*(?:\/\*\*?|\*\/|\*|\/\/)?/, "").replace(/\*\/\s*$/, "");
      if (prose.trim() === "") continue;
      yield { line: first + offset, prose: withoutCode(prose), opens };
      opens = false;
    }
    previousEnd = isComment ? index + found.length : -1;
  }
}

function* proseOfDocument(text: string): Generator<Prose> {
  let fenced = false;
  for (const [index, content] of text.split("\n").entries()) {
    if (content.trimStart().startsWith("```")) fenced = !fenced;
    else if (!fenced && !content.startsWith("    ")) {
      yield { line: index + 1, prose: withoutCode(content), opens: false };
    }
  }
}

/** Code in backquotes, paths and links are not prose. */
function withoutCode(prose: string): string {
  return prose.replace(/`[^`]*`/g, "x").replace(/\]\([^)]*\)/g, "]");
}
