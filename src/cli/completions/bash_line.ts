/** Reads a command line of bash that is being typed. See "QUOTING" and "Shell Parameter Expansion" in bash(1). */

type Quote = "" | "'" | '"';

/** The word before the cursor. */
export interface TypedWord {
  /** The word as typed, with quotes. */
  readonly raw: string;
  /** The word without quotes. */
  readonly text: string;
  /** Position in `raw` at which each character of `text` begins; -1 inside the value of a variable. */
  readonly begins: readonly number[];
  /** Quotes around each character of `text`. */
  readonly quotes: readonly Quote[];
  /** Quotes at the end. */
  readonly quote: Quote;
  /** Whether the word contains an expansion that only a shell can perform. */
  readonly isExpanded: boolean;
}

/** The words of a line without quotes, and the last one, which may be empty. */
export interface TypedLine {
  readonly words: readonly string[];
  readonly current: TypedWord;
}

/**
 * Splits a line into words. Nothing is run: of all expansions only `$NAME`, `${NAME}` and "~/" have an effect.
 *
 * @param env Returns the value of a variable.
 */
export function readBashLine(line: string, env: (name: string) => string | undefined): TypedLine {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && SEPARATOR.test(line[at])) at++;
    const word = readWord(line.slice(at), env);
    at += word.raw.length;
    if (at === line.length) return { words, current: word };
    words.push(/^~(\/|$)/.test(word.raw) ? (env("HOME") ?? "~") + word.text.slice(1) : word.text);
  }
}

/**
 * Returns the text that replaces a typed word, or undefined if the typed part cannot be kept.
 *
 * @param base Position in the text of the word from which on the name replaces it.
 */
export function replaceTyped(word: TypedWord, base: number, name: string): string | undefined {
  const isAtEnd = base === word.text.length;
  const begin = isAtEnd ? word.raw.length : word.begins[base];
  if (word.isExpanded || begin < 0) return undefined;
  const quote = isAtEnd ? word.quote : word.quotes[base];
  const closing = quote === word.quote ? "" : quote;
  return word.raw.slice(0, begin) + quoteFor(quote, name) + closing;
}

const SEPARATOR = /[\s|&;<>()]/;
const VARIABLE = /^\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})/;
/** Characters that a backslash quotes in double quotes. */
const QUOTED_IN_DOUBLE = /[$`"\\]/;

function readWord(line: string, env: (name: string) => string | undefined): TypedWord {
  let text = "";
  let quote: Quote = "";
  let isExpanded = false;
  const begins: number[] = [];
  const quotes: Quote[] = [];
  const add = (added: string, begin: number) => {
    for (let index = 0; index < added.length; index++) {
      begins.push(begin);
      quotes.push(quote);
    }
    text += added;
  };
  let at = 0;
  while (at < line.length) {
    const char = line[at];
    const next: string | undefined = line[at + 1];
    const variable = char === "$" && quote !== "'" ? VARIABLE.exec(line.slice(at)) : null;
    if (quote === "" && SEPARATOR.test(char)) break;
    if (char === quote) quote = "";
    else if (quote === "" && (char === "'" || char === '"')) quote = char;
    else if (
      char === "\\" && (quote === "" ? next !== undefined : quote === '"' && QUOTED_IN_DOUBLE.test(next ?? ""))
    ) {
      add(next, at++);
    } else if (variable) {
      add(env(variable[1] ?? variable[2]) ?? "", -1);
      at += variable[0].length - 1;
    } else {
      isExpanded ||= quote !== "'" && (char === "`" || (char === "$" && /[('"{\[]/.test(next ?? "")));
      add(char, at);
    }
    at++;
  }
  return { raw: line.slice(0, at), text, begins, quotes, quote, isExpanded };
}

/** Quotes a name for a place inside these quotes. bash expands "!" in double quotes too, even after a backslash. */
function quoteFor(quote: Quote, name: string): string {
  if (quote === "'") return name.replaceAll("'", `'\\''`);
  if (quote === '"') return name.replace(/[$`"\\]/g, "\\$&").replaceAll("!", `"'!'"`);
  // readline treats ":", "=" and "@" as the ends of words: they must stay as they are.
  return name.replace(/[^A-Za-z0-9_@%+=:,./\-\u0080-\uffff]/g, "\\$&");
}
