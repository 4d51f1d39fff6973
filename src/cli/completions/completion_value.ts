import type { Flag } from "../options/flag.ts";

/** Values that a shell offers for an option. */
export type CompletionValue =
  | { readonly kind: "choices"; readonly choices: readonly string[] }
  | { readonly kind: "file" | "program" | "host" | "unknown" };

const KINDS: Record<string, "file" | "program" | "host"> = { FILE: "file", PROGRAM: "program", DEST: "host" };

/** Undefined for an option without a value. */
export function completionValue({ argument, choices }: Flag): CompletionValue | undefined {
  if (argument === undefined) return undefined;
  return choices ? { kind: "choices", choices } : { kind: KINDS[argument] ?? "unknown" };
}

/** Returns the word that may follow an option without a value. */
export function topicOf({ topic }: Flag): CompletionValue | undefined {
  return topic === undefined ? undefined : { kind: "choices", choices: [topic] };
}

/** `-t` and `--streams`: the names under which `--help` lists an option. */
export function shownNames({ short, name }: Flag): string[] {
  return short === undefined ? [`--${name}`] : [`-${short}`, `--${name}`];
}

/** Text in single quotes for bash and zsh. */
export function quoteShell(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
