import { maskOf } from "../lib/mask-secrets.ts";
import { Real, type Row, type Value } from "./row.ts";

/** Stands at the end of a message, and is nobody's value. */
const ADVICE = /; give the column \{[^}]*\}$/;

/** What messages quote of a record: bytes, whole values, objects and lists, texts and numbers of a column. */
const QUOTES: readonly (readonly [RegExp, string])[] = [
  [/(it is not JSON: ).*/s, "$1(hidden)"],
  [/(the document ).*( cannot be read: )/s, "$1(hidden)$2"],
  [/(Unexpected token ).*( is not valid JSON)/s, "$1(hidden)$2"],
  [/(the value is ).*(, neither)/s, "$1(hidden)$2"],
  [/( holds ).*(, which is no )/s, "$1(hidden)$2"],
  [/(Segment refuses the message: HTTP [^:]*: ).*/s, "$1(hidden)"],
  [/(with op ).*( and after ).*( is not known)/s, "$1(hidden)$2(hidden)$3"],
  [/[{[].*(?:\.\.\.|[}\]])/s, "(hidden)"],
  [/: (?:"(?:[^"\\]|\\.)*(?:"|$)|-?[\d.eE+]+(?= ))/g, ": (hidden)"],
];

/** The reason of a dead letter, without what it quotes of the record. */
export function redact(text: string): string {
  const [advice = ""] = ADVICE.exec(text) ?? [];
  const body = text.slice(0, text.length - advice.length);
  return QUOTES.reduce((shown, [quoted, by]) => shown.replace(quoted, by), body) + advice;
}

/** A message without the values of the row that it is about; short ones, which could be any word, stay. */
export function redactRow(text: string, row: Row): string {
  return maskOf(textsOf(Object.values(row)))(text);
}

function textsOf(values: readonly Value[]): string[] {
  return values.flatMap((value) => {
    if (value === null || typeof value === "boolean") return [];
    if (value instanceof Real) return [value.text];
    return typeof value === "object" ? textsOf(Object.values(value)) : [String(value)];
  });
}
