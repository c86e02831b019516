/** A text that YAML reads as another type needs quotes. */
const PLAIN = /^(?!(?:true|false|null|yes|no|on|off|~)$)[A-Za-z_/(][\w ./@()=-]*$/i;

/**
 * Settings as YAML.
 * @param {unknown} value
 * @param {string} [indent]
 * @returns {string}
 */
export function settingsText(value, indent = "") {
  if (typeof value !== "object" || value === null) return ` ${scalar(value)}\n`;
  const entries = Object.entries(value);
  if (entries.length === 0) return Array.isArray(value) ? " []\n" : " {}\n";
  if (Array.isArray(value) && value.every((one) => typeof one !== "object"))
    return ` [${value.map(scalar).join(", ")}]\n`;
  const lines = entries.map(([name, inner]) =>
    Array.isArray(value)
      ? `${indent}- ${JSON.stringify(inner)}\n`
      : `${indent}${scalar(name)}:${settingsText(inner, `${indent}  `)}`,
  );
  return `${indent === "" ? "" : "\n"}${lines.join("")}`;
}

/** @param {unknown} value */
function scalar(value) {
  return typeof value === "string" && PLAIN.test(value) ? value : JSON.stringify(value);
}
