/** Checks a value against a JSON Schema, if it has only the keywords that event_table.ts uses. */

import type { Schema } from "./event_table.ts";

/** Returns why a value does not match, with its path: `series.seconds[3]: not a number`; undefined if it matches. */
export function schemaProblem(value: unknown, schema: Schema, path = ""): string | undefined {
  const problem = (text: string) => `${path || "the value"}: ${text}`;
  if ("const" in schema) return value === schema.const ? undefined : problem(`not ${JSON.stringify(schema.const)}`);
  if (Array.isArray(schema.enum)) {
    return schema.enum.includes(value) ? undefined : problem(`none of ${schema.enum.join(", ")}`);
  }
  if (Array.isArray(schema.anyOf)) {
    const problems = schema.anyOf.map((each) => schemaProblem(value, each, path));
    return problems.includes(undefined) ? undefined : problems.find((text) => text !== undefined);
  }
  switch (schema.type) {
    case "null":
      return value === null ? undefined : problem("not null");
    case "string":
      return typeof value === "string" ? undefined : problem("not a string");
    case "boolean":
      return typeof value === "boolean" ? undefined : problem("not a boolean");
    case "number":
    case "integer": {
      const isNumber = typeof value === "number" && (schema.type === "number" || Number.isInteger(value));
      if (!isNumber) return problem(schema.type === "integer" ? "not an integer" : "not a number");
      const { minimum = -Infinity } = schema as { minimum?: number };
      return value >= minimum ? undefined : problem(`below ${minimum}`);
    }
    case "array":
      return Array.isArray(value) ? itemProblem(value, schema.items as Schema, path) : problem("not a list");
    case "object":
      return isObject(value) ? propertyProblem(value, schema as ObjectSchema, path) : problem("not an object");
    default:
      throw new Error(`Cannot check a schema: unknown type ${String(schema.type)}`);
  }
}

interface ObjectSchema {
  properties?: Record<string, Schema>;
  required?: readonly string[];
  additionalProperties?: Schema;
}

function itemProblem(items: unknown[], schema: Schema, path: string): string | undefined {
  for (const [at, item] of items.entries()) {
    const problem = schemaProblem(item, schema, `${path}[${at}]`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function propertyProblem(
  value: Record<string, unknown>,
  { properties = {}, required = [], additionalProperties: others }: ObjectSchema,
  path: string,
): string | undefined {
  const inside = (name: string) => path === "" ? name : `${path}.${name}`;
  const missing = required.find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) return `${inside(missing)}: missing`;
  for (const [name, each] of Object.entries(value)) {
    const schema = Object.hasOwn(properties, name) ? properties[name] : others;
    const problem = schema && schemaProblem(each, schema, inside(name));
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
