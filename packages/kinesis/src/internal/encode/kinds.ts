const named = (value: object): string => {
  try {
    const { constructor } = value
    const { name } = constructor
    return constructor === Object
      ? "an object"
      : typeof name === "string" && name !== ""
      ? `of class ${name}`
      : "an object"
  } catch {
    return "an object"
  }
}

/** What kind of value it is, for messages that quote nothing of a record. Takes anything, and never throws. */
export const kindOf = (value: unknown): string => {
  switch (typeof value) {
    case "undefined":
      return "undefined"
    case "number":
      return Number.isFinite(value) ? "a number" : String(value)
    case "string":
      return `a string of ${value.length} ${value.length === 1 ? "character" : "characters"}`
    case "object":
      return value === null ? "null" : Array.isArray(value) ? "a list" : named(value)
    default:
      return `a ${typeof value}`
  }
}
