/** What is said of a value that has no text: one without a prototype, a proxy that throws, a `toString` that does. */
const nameless = "a value that cannot be printed"

const attempt = (print: () => unknown): string => {
  try {
    const text = print()
    return typeof text === "string" ? text : nameless
  } catch {
    return nameless
  }
}

/** Longer texts are cut: a message is read by people. */
const longest = 200

const cut = (text: string): string => text.length <= longest ? text : `${text.slice(0, longest)}…`

const printed = (value: object): unknown =>
  value instanceof Date
    ? String(value)
    : typeof (value as { readonly then?: unknown }).then === "function"
    ? "a Promise"
    : JSON.stringify(value, (_, member) => typeof member === "bigint" ? `${member}n` : member) ?? String(value)

/** A value as a message quotes it: as JSON where there is some, cut when it is long. Takes anything, and never throws. */
export const quoted = (value: unknown): string => {
  switch (typeof value) {
    case "string":
      return cut(JSON.stringify(value))
    case "bigint":
      return `${value}n`
    case "function":
      return cut(attempt(() => value.name === "" ? "a function" : `the function ${value.name}`))
    case "object":
      return value === null ? "null" : cut(attempt(() => printed(value)))
    default:
      return attempt(() => String(value))
  }
}

const own = (error: object, name: "message" | "_tag" | "name"): string | undefined => {
  const text = attempt(() => (error as Readonly<Record<string, unknown>>)[name])
  return text === nameless || text === "" ? undefined : text
}

/**
 * What an error says: its message, else its tag or name, else the value itself. Takes whatever was thrown or failed with, and never
 * throws.
 */
export const messageOf = (error: unknown): string => {
  if (typeof error === "string") return error
  if (typeof error !== "object" || error === null) return quoted(error)
  return own(error, "message") ?? own(error, "_tag") ?? own(error, "name") ?? quoted(error)
}
