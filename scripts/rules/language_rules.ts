/** Rules for the English of the project that a program can check, as pure functions of the text of a file. */

import { COMMENT_OR_QUOTED, lineAt, type SourceFile, type Violation } from "./source_file.ts";

/** A phrase with a plainer or more exact alternative. */
export interface WordRule {
  /** Matches one line of prose. */
  pattern: RegExp;
  /** Alternative, in the words of LANGUAGE. */
  advice: string;
  /** Path prefixes of files in which the phrase is a technical term. */
  except?: readonly string[];
}

/** Files of the record layer, which has its own terms for encryption. */
const RECORD_LAYER = ["src/crypto/", "src/protocol/", "src/streams/frames/", "tests/crypto/", "tests/fuzz/"];

export const WORD_RULES: readonly WordRule[] = [
  { pattern: /\bsee above\b/i, advice: "delete the sentence, or name the thing" },
  {
    pattern: /(?<!\bthere )\b(?:is|are|was|were) no\b(?! (?:longer|more|less|later|larger|fewer|other)\b)/i,
    advice: '"is not a"',
  },
  { pattern: /\b(?:who|what|which|where)ever\b/i, advice: "name the person or the thing" },
  { pattern: /\b(?:some|any|every)body\b/i, advice: "name the user, the process or the host" },
  { pattern: /\b(?:hears?|heard)\b/i, advice: '"receives", or "is called for"' },
  { pattern: /\b(?:tells?|told|telling)\b/i, advice: '"reports", "sends" or "names"' },
  { pattern: /\b(?:says|said|saying)\b/i, advice: '"reports", "sends", "states" or "means"' },
  { pattern: /\b(?:go|goes|went|gone|going) on\b/i, advice: '"continues" or "resumes"' },
  { pattern: /\b(?:go|goes|went|gone|going) well\b/i, advice: '"succeeds"' },
  { pattern: /\banew\b/i, advice: '"again", or "starts over"' },
  { pattern: /\b(?:bring|brings|brought) (?:\w+ ){0,3}to the disk\b/i, advice: '"flushes" or "syncs"' },
  { pattern: /\b(?:come|comes|came) about\b/i, advice: '"succeeds"' },
  { pattern: /\b(?:let|lets|letting) go of\b/i, advice: '"releases"' },
  { pattern: /\b(?:hold|holds|held) against\b/i, advice: '"compares with"' },
  { pattern: /\b(?:lies|lying)\b/i, advice: '"is", or "is in"' },
  { pattern: /\b(?:stands?|stood) (?:in|behind|before|beside)\b/i, advice: '"is in", "precedes" or "follows"' },
  { pattern: /\b(?:borne|bears)\b/i, advice: '"tolerates"' },
  { pattern: /\bbelie(?:ve|ves|ved)\b/i, advice: '"trusts" or "accepts"' },
  { pattern: /\b(?:hands?|handed|handing) over\b/i, advice: '"passes" or "commits"' },
  { pattern: /\bby (?:itself|themselves)\b/i, advice: '"automatically", "by default" or "alone"' },
  { pattern: /\bso (?:many|long)\b/i, advice: '"number of", "time until", or the number itself' },
  { pattern: /\bat the (?:most|least)\b/i, advice: '"at most", "at least"' },
  {
    pattern: /\b(?:is|are|was|were) there already\b|\bwhat (?:is|was) there\b/i,
    advice: '"exists", or name the thing',
  },
  { pattern: /\bas far as\b/i, advice: '"if", or the limit itself' },
  { pattern: /\bno matter\b/i, advice: '"regardless of" or "whether"' },
  { pattern: /\ball the same\b(?! (?:as|size|time|length|kind)\b)/i, advice: '"nevertheless", or delete the phrase' },
  { pattern: /\bwithout end\b/i, advice: '"endless", "unlimited" or "forever"' },
  { pattern: /\b(?:on (?:its|their) way|under way)\b/i, advice: '"in transit", "in flight" or "running"' },
  { pattern: /\bonce more\b/i, advice: '"again"' },
  { pattern: /\bin the place of\b/i, advice: '"instead of"' },
  { pattern: /\bundefined when\b/i, advice: '"undefined if"' },
  { pattern: /\bDefault (?:is )?\d/, advice: '"Default: N"' },
  { pattern: /\bfolders?\b/i, advice: '"directory"' },
  { pattern: /\bthe other (?:side|end)\b/i, advice: '"the peer", "the remote host", "the sender" or "the receiver"' },
  {
    pattern:
      /\b(?:[kmg]?(?:i?b|bits?|bytes?)|(?:kilo|mega|giga)(?:bits|bytes)|files|blocks|times|requests) a second\b/i,
    advice: '"per second"',
  },
  { pattern: /\b(?:files|bytes|streams) a (?:core|thread)\b/i, advice: '"per core", "per thread"' },
  { pattern: /\b(?:unseal|seal|seals|sealed|sealing)\b/i, advice: '"encrypts"', except: RECORD_LAYER },
];

/** Openings of comments without a subject that names the thing. */
const OPENING =
  /^(?:What|Whoever|Who|Whom|Those (?:that|of|who)|That (?:which|of)|How (?:it|many|long|much)|It|They|So)\b/;

/** Names of suites and cases that begin with a pronoun. */
const TEST_NAME =
  /\b(?:it|describe\w*)\(\s*["'`]((?:it|its|they|their|he|she|his|her|we|you|what|whoever|those|that of)\b)/gi;

/** Checks one file: comments, texts and test names of a module, and a document except its code blocks. */
export function checkLanguage({ path, text }: SourceFile): Violation[] {
  const violations: Violation[] = [];
  for (const { line, prose, opens } of path.endsWith(".md") ? proseOfDocument(text) : proseOfModule(text)) {
    const opening = opens ? OPENING.exec(prose.trim()) : null;
    if (opening) violations.push({ file: path, line, message: `begins with "${opening[0]}": begin with the subject` });
    for (const { pattern, advice, except = [] } of WORD_RULES) {
      if (except.some((prefix) => path.startsWith(prefix))) continue;
      const found = pattern.exec(prose);
      if (found) violations.push({ file: path, line, message: `"${found[0]}": write ${advice}` });
    }
  }
  return [...violations, ...checkTestNames(path, text)];
}

function checkTestNames(path: string, text: string): Violation[] {
  if (!path.endsWith("_test.ts")) return [];
  return Array.from(text.matchAll(TEST_NAME), ({ 1: pronoun, index }) => ({
    file: path,
    line: lineAt(text, index),
    message: `test name begins with "${pronoun}": begin with the subject or its verb`,
  }));
}

/** A line of prose. */
interface Prose {
  line: number;
  prose: string;
  /** Whether a comment begins with it. */
  opens: boolean;
}

/** Yields the lines of comments and of quoted texts with several words. */
function* proseOfModule(text: string): Generator<Prose> {
  let previousEnd = -1;
  for (const { 0: found, index } of text.matchAll(COMMENT_OR_QUOTED)) {
    const isComment = found.startsWith("/");
    if (!isComment && !/\w \w/.test(found)) continue;
    // A line comment below another continues it.
    const continues = found.startsWith("//") && /^\s*$/.test(text.slice(previousEnd, index)) && previousEnd >= 0;
    // Without its quotes: backquotes would make a template look like code.
    const lines = (isComment ? found : found.slice(1, -1).replace(/\$\{[^}]*\}/g, "x")).split("\n");
    const first = lineAt(text, index);
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

/** Replaces code in backquotes and targets of links, which are not prose. */
function withoutCode(prose: string): string {
  return prose.replace(/`[^`]*`/g, "x").replace(/\]\([^)]*\)/g, "]");
}
