/** HTML in which every inserted text is escaped. */

import { printable } from "../../../escape_text.ts";

/** Safe HTML. Only `markup` and `raw` make it. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A value in a template. Undefined and false insert nothing. */
export type HtmlValue = string | number | Html | undefined | false | readonly HtmlValue[];

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Builds HTML. Inserted texts are escaped, and invisible characters in them are shown. */
export function markup(parts: TemplateStringsArray, ...values: HtmlValue[]): Html {
  return new Html(parts.map((part, at) => part + (at < values.length ? textOf(values[at]) : "")).join(""));
}

/** Returns HTML that needs no escapes. The text must be from this program. */
export function raw(text: string): Html {
  return new Html(text);
}

/** Returns a value as JSON for a data block: a script element whose type is not that of a script. */
export function jsonBlock(value: unknown): Html {
  return new Html(JSON.stringify(value).replaceAll("<", "\\u003c"));
}

function textOf(value: HtmlValue): string {
  if (value === undefined || value === false) return "";
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(textOf).join("");
  return printable(String(value)).replace(/[&<>"']/g, (char) => ENTITIES[char]);
}
