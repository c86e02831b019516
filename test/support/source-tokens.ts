/** An identifier of a source file, with its line, counted from 1. */
export type Identifier = {
  readonly name: string;
  readonly line: number;
  /** It follows a dot: `value.name`. */
  readonly isMember: boolean;
};

/** A `/` after one of these starts a regular expression; after anything else it divides. */
const BEFORE_REGEX = /(?:^|[({[,;:=!&|?+\-*%<>~^]|\b(?:return|typeof|case|of|in|do|else))\s*$/;

/**
 * The identifiers of JavaScript or TypeScript source: no comments, strings, texts of templates or regular expressions.
 * A scanner of our own, because the compiler of TypeScript 7 has no JavaScript interface.
 */
export function identifiersOf(source: string): readonly Identifier[] {
  const found: Identifier[] = [];
  /** Depth of braces inside each open `${`. */
  const templates: number[] = [];
  let line = 1;
  let index = 0;
  let code = "";
  const skipTo = (end: number) => {
    for (; index < end; index += 1) if (source[index] === "\n") line += 1;
  };
  /** Skips text of a template, up to its end or the next `${`. */
  const skipTemplate = () => {
    const match = /(?:\\[\s\S]|\$(?!\{)|[^`\\$])*(`|\$\{|$)/y;
    match.lastIndex = index;
    const [text = "", end] = match.exec(source) ?? [];
    skipTo(index + text.length);
    if (end === "${") templates.push(0);
  };
  while (index < source.length) {
    const rest = source.slice(index, index + 2);
    const char = source[index] as string;
    if (rest === "//") skipTo(endOf(source, "\n", index));
    else if (rest === "/*") skipTo(endOf(source, "*/", index) + 2);
    else if (char === '"' || char === "'") skipTo(endOfString(source, char, index));
    else if (char === "`") {
      skipTo(index + 1);
      skipTemplate();
      code += '""';
    } else if (char === "}" && templates.at(-1) === 0) {
      templates.pop();
      skipTo(index + 1);
      skipTemplate();
    } else if (char === "/" && BEFORE_REGEX.test(code.slice(-12))) {
      skipTo(endOfRegex(source, index));
      code += '""';
    } else {
      const name = /^#?[A-Za-z_$][\w$]*/.exec(source.slice(index, index + 100))?.[0];
      if (name !== undefined)
        found.push({ name: name.replace("#", ""), line, isMember: code.endsWith(".") });
      const depth = templates.length - 1;
      if (depth >= 0 && char === "{") templates[depth] = (templates[depth] as number) + 1;
      if (depth >= 0 && char === "}") templates[depth] = (templates[depth] as number) - 1;
      const text = name ?? char;
      code += text;
      skipTo(index + text.length);
    }
  }
  return found;
}

function endOf(source: string, text: string, from: number): number {
  const end = source.indexOf(text, from);
  return end === -1 ? source.length : end;
}

function endOfString(source: string, quote: string, from: number): number {
  let end = from + 1;
  while (end < source.length && source[end] !== quote) end += source[end] === "\\" ? 2 : 1;
  return end + 1;
}

function endOfRegex(source: string, from: number): number {
  let isClass = false;
  let end = from + 1;
  while (end < source.length && (isClass || source[end] !== "/") && source[end] !== "\n") {
    if (source[end] === "\\") end += 1;
    else if (source[end] === "[") isClass = true;
    else if (source[end] === "]") isClass = false;
    end += 1;
  }
  return end + 1;
}
