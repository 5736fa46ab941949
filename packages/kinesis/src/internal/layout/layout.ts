import type * as AST from "effect/SchemaAST"
import { hasFallback } from "../schema/conditions.js"
import { isStruct, memberOf, membersOf } from "./kinds.js"

/** How the texts of a stream are laid out. */
export interface Layout {
  /** The keys of the objects of a node, in the order of the texts; they include those that the schema does not have. */
  readonly keys: Map<AST.AST, Array<string>>
  /** Whether a blank stands behind each colon and comma, as Python writes it; otherwise there is none. Unknown before the first text. */
  isSpaced: boolean | undefined
}

export const make = (): Layout => ({ keys: new Map(), isSpaced: undefined })

/** An object that has more keys than this is a dictionary, of which no key is known before. */
const mostKeys = 200

/** The elements of an array that are looked at. */
const mostElements = 8

/** Adds the keys that are new behind the one that they follow. */
const merge = (known: Array<string>, keys: ReadonlyArray<string>): void => {
  let place = 0
  for (const key of keys) {
    const found = known.indexOf(key)
    if (found === -1) known.splice(place++, 0, key)
    else if (found >= place) place = found + 1
  }
}

/** Whether something new was learned. */
type Learned = boolean

const learnObject = (self: Layout, ast: AST.TypeLiteral, value: Record<string, unknown>): Learned => {
  const known = self.keys.get(ast) ?? []
  self.keys.set(ast, known)
  const before = known.length
  if (before <= mostKeys) merge(known, Object.keys(value))
  let learned = known.length > before
  for (const { name, type } of ast.propertySignatures) {
    if (typeof name === "string" && Object.hasOwn(value, name)) {
      learned = learnValue(self, type, value[name]) || learned
    }
  }
  return learned
}

const learnArray = (self: Layout, { elements, rest }: AST.TupleType, value: ReadonlyArray<unknown>): Learned => {
  let learned = false
  for (const [index, element] of value.slice(0, elements.length + mostElements).entries()) {
    const type = (elements[index] ?? rest[0])?.type
    if (type !== undefined) learned = learnValue(self, type, element) || learned
  }
  return learned
}

const learnValue = (self: Layout, ast: AST.AST, value: unknown): Learned => {
  if (typeof value !== "object" || value === null || hasFallback(ast)) return false
  switch (ast._tag) {
    case "Refinement":
    case "Transformation":
      return learnValue(self, ast.from, value)
    case "Suspend":
      return learnValue(self, ast.f(), value)
    case "TypeLiteral":
      return isStruct(ast) && !Array.isArray(value) && learnObject(self, ast, value as Record<string, unknown>)
    case "TupleType":
      return Array.isArray(value) && learnArray(self, ast, value)
    case "Union": {
      const members = membersOf(ast, Array.isArray(value) ? "array" : "object")
      const member = members === undefined ? undefined : memberOf(members, value)
      return member !== undefined && learnValue(self, member, value)
    }
    default:
      return false
  }
}

/** What stands behind the first quote that ends a key, or an element. */
const separated = /"[:,](.?)/

/** Learns from the beginning of a text, and from its value, which the schema accepts. Returns whether something new was learned. */
export const learn = (self: Layout, ast: AST.AST, value: unknown, text: string): Learned => {
  self.isSpaced ??= separated.exec(text)?.[1] === " "
  return learnValue(self, ast, value)
}

const tooMany = (keys: ReadonlyArray<string>): boolean => keys.length > mostKeys

/**
 * The keys in which the texts have the properties of these names: those that were never seen stand behind the one before them, where the
 * schema has them. Undefined when there are too many.
 */
export const keysOf = (self: Layout, ast: AST.AST, names: ReadonlyArray<string>): ReadonlyArray<string> | undefined => {
  const keys = [...self.keys.get(ast) ?? []]
  merge(keys, names)
  return tooMany(keys) ? undefined : keys
}
