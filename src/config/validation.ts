import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import type { Problem } from "./problem.ts";
import { renamed } from "./renamed-settings.ts";
import {
  definitionOf,
  formOf,
  isRequired,
  parse,
  type Schema,
  type Shape,
  typedShape,
} from "./schema-parts.ts";
import { shownValue } from "./shown-value.ts";
import { nearest } from "./suggest.ts";

/** Stands for a value that cannot be used, so that what depends on it is not checked. */
export const INVALID = Symbol("invalid");

/** What was read, with `INVALID` for every wrong part, and what is wrong with it. */
export type Validated = { readonly value: unknown; readonly problems: readonly Problem[] };

const SETTINGS = "write settings as `name: value`";

type Location = { readonly path: readonly PropertyKey[]; readonly offset: number };

/**
 * Validates the nodes of a file against the declarations, each setting on its own, so that no mistake keeps another from
 * being reported. zod reports less: it stops at the first wrong form of a union, at an unknown type of sync, and before
 * checks of a whole object.
 */
export class Validation {
  readonly #document: Document;
  /** Nodes whose value is unknown, such as a text with a variable that is not set. They are reported already. */
  readonly #unknown: ReadonlySet<Node>;
  readonly #mask: (text: string) => string;

  constructor(document: Document, unknown: ReadonlySet<Node>, mask: (text: string) => string) {
    this.#document = document;
    this.#unknown = unknown;
    this.#mask = mask;
  }

  validate(schema: Schema, node: unknown, location: Location): Validated {
    if (isAlias(node)) return this.validate(schema, node.resolve(this.#document), location);
    if (this.#unknown.has(node as Node)) return { value: INVALID, problems: [] };
    const { shape, valueType, element, options } = definitionOf(schema);
    if (options) return this.#oneOf(schema, options, node, location);
    if (shape) {
      if (!isMap(node)) return this.#wrong(node, location, SETTINGS);
      return this.#checked(schema, node, location, this.#object(shape, node, location));
    }
    if (valueType) {
      if (!isMap(node)) return this.#wrong(node, location, formOf(schema) ?? SETTINGS);
      return this.#checked(schema, node, location, this.#record(valueType, node, location));
    }
    if (element) {
      if (!isSeq(node)) return this.#wrong(node, location, formOf(schema) ?? "write a list");
      return this.#checked(schema, node, location, this.#list(element, node, location));
    }
    return this.#checked(schema, node, location, { value: undefined, problems: [] });
  }

  #object(shape: Shape, node: YAMLMap, location: Location): Validated {
    const known = Object.keys(shape);
    const names = new Set(node.items.map(nameOf));
    const present = this.#entries(node, location).map(([name, value, inner]) => {
      const setting = Object.hasOwn(shape, name) ? shape[name] : undefined;
      if (setting) return [name, this.validate(setting, value, inner)] as const;
      const text =
        renamed(location.path, name, this.#read(value)) ??
        `unknown setting${known.length === 0 ? "" : `; ${nearest(name, known)}`}`;
      return [name, { value: INVALID, problems: [{ ...inner, text }] }] as const;
    });
    const absent = Object.entries(shape)
      .filter(([name]) => !names.has(name))
      .map(([name, setting]) => [name, this.#absent(setting, name, location)] as const);
    return collected([...present, ...absent]);
  }

  #absent(setting: Schema, name: string, { path, offset }: Location): Validated {
    if (!isRequired(setting)) return { value: parse(setting, undefined).data, problems: [] };
    const form = formOf(setting);
    const text = `is required and missing${form === undefined ? "" : `; ${form}`}`;
    return { value: undefined, problems: [{ path: [...path, name], offset, text }] };
  }

  #record(valueType: Schema, node: YAMLMap, location: Location): Validated {
    return collected(
      this.#entries(node, location).map(([name, value, inner]) => {
        const found = this.validate(valueType, value, inner);
        const problems = name === "" ? [{ ...inner, text: "write a name before the colon" }] : [];
        return [name, { ...found, problems: [...found.problems, ...problems] }] as const;
      }),
    );
  }

  #list(element: Schema, node: YAMLSeq, { path, offset }: Location): Validated {
    const items = node.items.map((item, i) =>
      this.validate(element, item, {
        path: [...path, i],
        offset: (item as Node | null)?.range?.[0] ?? offset,
      }),
    );
    return {
      value: items.map(({ value }) => value),
      problems: items.flatMap(({ problems }) => problems),
    };
  }

  /** The form that the kind of node and the names in it belong to; what is wrong inside is reported in detail. */
  #oneOf(schema: Schema, options: readonly Schema[], node: unknown, location: Location): Validated {
    const { discriminator } = definitionOf(schema);
    if (discriminator !== undefined && !isMap(node)) return this.#wrong(node, location, SETTINGS);
    if (discriminator !== undefined && isMap(node)) {
      const typed = typedShape(schema, this.#read(node.get(discriminator, true)));
      if (typed) return this.validate(typed, node, location);
    }
    if (!isMap(node) && !isSeq(node))
      return this.#checked(schema, node, location, { value: undefined, problems: [] });
    const ofKind = options.filter((option) => {
      const { shape, valueType, element } = definitionOf(option);
      return isSeq(node) ? element !== undefined : (shape ?? valueType) !== undefined;
    });
    const named = ofKind.filter((option) => {
      const { shape } = definitionOf(option);
      return shape && isMap(node) && node.items.some((item) => nameOf(item) in shape);
    });
    const [only, another] = ofKind.length === 1 ? ofKind : named;
    if (only && !another) return this.validate(only, node, location);
    return this.#wrong(node, location, formOf(schema) ?? "write another value");
  }

  /** The value, once its parts are valid: read as a whole, which also checks what concerns several parts. */
  #checked(schema: Schema, node: unknown, location: Location, parts: Validated): Validated {
    if (parts.problems.length > 0 || hasInvalid(parts.value)) return parts;
    const found = this.#read(node);
    const { data, error } = parse(schema, found);
    if (!error) return { value: data, problems: [] };
    return this.#wrong(node, location, error.issues[0]?.message ?? "write another value");
  }

  #wrong(node: unknown, { path, offset }: Location, text: string): Validated {
    const shown = shownValue(this.#read(node), path, this.#mask);
    return { value: INVALID, problems: [{ path, offset, text: `found ${shown}: ${text}` }] };
  }

  #entries(
    node: YAMLMap,
    location: Location,
  ): readonly (readonly [name: string, value: unknown, location: Location])[] {
    return (
      node.items
        .map((pair) => [nameOf(pair), pair] as const)
        // Reported on its own.
        .filter(([name]) => name !== "__proto__")
        .map(([name, { key, value }]) => [
          name,
          value,
          {
            path: [...location.path, name],
            offset: (key as Node | null)?.range?.[0] ?? location.offset,
          },
        ])
    );
  }

  #read(node: unknown): unknown {
    return (node as Node | null | undefined)?.toJS(this.#document) ?? null;
  }
}

function nameOf({ key }: Pair): string {
  if (key === null) return "";
  return isScalar(key) ? String(key.value ?? "") : String(key);
}

function collected(entries: readonly (readonly [name: string, found: Validated])[]): Validated {
  const known = entries.filter(([, { value }]) => value !== undefined);
  return {
    value: Object.fromEntries(known.map(([name, { value }]) => [name, value])),
    problems: entries.flatMap(([, { problems }]) => problems),
  };
}

export function hasInvalid(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return value === INVALID;
  return Object.values(value).some(hasInvalid);
}
