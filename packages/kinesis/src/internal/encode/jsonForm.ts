import { kindOf } from "./kinds.js"

/** Something that JSON has no form for, and where it is. */
export interface Formless {
  readonly path: ReadonlyArray<string>
  readonly value: unknown
}

const isKnown = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null
}

/** A list, or an object that is nothing but its properties: no Date, no Map, no bytes. */
const isPlain = (value: object): boolean =>
  typeof (value as { readonly toJSON?: unknown }).toJSON !== "function" &&
  (isKnown(value) || Array.isArray(value) || Object.prototype.toString.call(value) === "[object Object]") &&
  Object.getOwnPropertySymbols(value).length === 0

/** What `JSON.stringify` would write as something else, leave out, or refuse; `arePlain` when it is known of all objects. */
const isFormless = (value: unknown, arePlain: boolean): boolean => {
  switch (typeof value) {
    case "string":
    case "boolean":
      return false
    case "number":
      return !Number.isFinite(value)
    case "object":
      return value !== null && !arePlain && !isPlain(value)
    default:
      return true
  }
}

const within = (name: string, found: Formless | undefined): Formless | undefined =>
  found === undefined ? undefined : { path: [name, ...found.path], value: found.value }

const inList = (list: ReadonlyArray<unknown>, arePlain: boolean): Formless | undefined => {
  for (let index = 0; index < list.length; index++) {
    const found = formlessIn(list[index], arePlain)
    if (found !== undefined) return within(String(index), found)
  }
  return undefined
}

const inProperties = (value: object, arePlain: boolean): Formless | undefined => {
  for (const name of Object.keys(value)) {
    const member = (value as Readonly<Record<string, unknown>>)[name]
    const found = member === undefined ? undefined : formlessIn(member, arePlain)
    if (found !== undefined) return within(name, found)
  }
  return undefined
}

/**
 * The first thing in a value that has no form in JSON: a number that is none, undefined in a list, a bigint, a function, a Date, a Map, bytes.
 * A property that is undefined is left out, as its absence is read as undefined. It is quicker where all objects are known to be plain.
 */
export const formlessIn = (value: unknown, arePlain: boolean): Formless | undefined => {
  if (isFormless(value, arePlain)) return { path: [], value }
  if (typeof value !== "object" || value === null) return undefined
  return Array.isArray(value) ? inList(value, arePlain) : inProperties(value, arePlain)
}

const remedies: Readonly<Record<string, string>> = {
  "a bigint": "; encode it as text, as Schema.BigInt does, or write it with stringify: RecordEncoder.exactJson",
  "of class Date": "; Schema.Date encodes one as text",
  "of class Uint8Array": "; Schema.Uint8ArrayFromBase64 encodes bytes as text"
}

/** In words, without quoting more than the names of properties. */
export const describe = ({ path, value }: Formless): string => {
  const kind = kindOf(value)
  return `${path.length === 0 ? "the encoded value" : path.join(".")} is ${kind}, which has no form in JSON${
    remedies[kind] ?? ""
  }`
}

const listText = (list: ReadonlyArray<unknown>, path: Formless["path"]): string =>
  `[${Array.from(list, (member, index) => textOf(member, [...path, String(index)])).join()}]`

const objectText = (value: object, path: Formless["path"]): string => {
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${textOf(member, [...path, name])}`).join()}}`
}

/** A large number is written so that it is not read as a bigint. */
const numberText = (value: number): string =>
  Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : JSON.stringify(value)

const textOf = (value: unknown, path: Formless["path"]): string => {
  if (typeof value === "bigint") return String(value)
  if (isFormless(value, false)) throw new TypeError(describe({ path, value }))
  if (typeof value === "number") return numberText(value)
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  return Array.isArray(value) ? listText(value, path) : objectText(value, path)
}

/** The JSON of a value, bigints as integers of any size. Throws where something else has no form in JSON. */
export const exactText = (value: unknown): string => textOf(value, [])
