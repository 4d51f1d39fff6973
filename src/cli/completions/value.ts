import type { Flag } from "../options/flag.ts";

/** Values that a shell offers for an option. */
export type CompletionValue =
  | { readonly kind: "choices"; readonly choices: readonly string[] }
  | { readonly kind: "file" | "program" | "host" | "unknown" };

const KINDS: Record<string, "file" | "program" | "host"> = { FILE: "file", PROGRAM: "program", DEST: "host" };

/** Returns the values of an option; undefined if it takes none. */
export function completionValue({ argument, choices }: Flag): CompletionValue | undefined {
  if (argument === undefined) return undefined;
  return choices ? { kind: "choices", choices } : { kind: KINDS[argument] ?? "unknown" };
}

/** Returns the word that may follow an option without a value. */
export function topicOf({ topic }: Flag): CompletionValue | undefined {
  return topic === undefined ? undefined : { kind: "choices", choices: [topic] };
}

/** Returns the names of an option in `--help`, such as `-t` and `--streams`. */
export function shownNames({ short, name }: Flag): string[] {
  return short === undefined ? [`--${name}`] : [`-${short}`, `--${name}`];
}
