import * as Option from "effect/Option"
import * as AST from "effect/SchemaAST"

/**
 * Which parser of Effect a function stands for: that of decoding, that of encoding, or that of the type side, which checks values that are
 * decoded already.
 */
export type Way = "decode" | "encode" | "type"

/** The options under which a node is parsed, and the way. There is one object for all that are equal. */
export interface Mode {
  readonly way: Way
  readonly options: AST.ParseOptions
}

/**
 * Statements that give a value, and the expression of it. They return `X` where Effect's parser would fail, and nowhere else, since a union
 * then tries its next member; they throw `UNSURE` where they do not know.
 */
export interface Code {
  readonly statements: string
  readonly result: string
}

/** Writes what parses a node, whatever it is. */
export interface Nodes {
  /** What parses this expression. */
  readonly value: (self: Source, ast: AST.AST, input: string, mode: Mode) => Code
  /** The name of a function from the input to its value or `X`. */
  readonly functionOf: (self: Source, ast: AST.AST, mode: Mode) => string
}

/** The source of a program while it is written. */
export interface Source {
  readonly nodes: Nodes
  /** What the source names `c0`, `c1`, …: what has no source of its own. */
  readonly constants: Map<unknown, string>
  readonly functions: Array<string>
  /** The functions of a node: one for each mode. */
  readonly names: Map<AST.AST, Map<Mode, string>>
  readonly modes: Map<string, Mode>
  variables: number
  /** How many conditions were written. */
  conditions: number
}

/** A node, or the whole schema, that is left to Effect's own parser. */
export class Unsupported extends Error {}

export const make = (nodes: Nodes): Source => ({
  nodes,
  constants: new Map(),
  functions: [],
  names: new Map(),
  modes: new Map(),
  variables: 0,
  conditions: 0
})

/** The name of a constant. */
export const constant = (self: Source, value: unknown): string => {
  const known = self.constants.get(value)
  if (known !== undefined) return known
  const name = `c${self.constants.size}`
  self.constants.set(value, name)
  return name
}

/** A name that nothing else has. */
export const variable = (self: Source, prefix: string): string => `${prefix}${self.variables++}`

/** The same for options that are equal. */
export const keyOfMode = (way: Way, options: AST.ParseOptions): string =>
  way + JSON.stringify(Object.entries(options).toSorted(([a], [b]) => a < b ? -1 : 1))

export const modeOf = (self: Source, way: Way, options: AST.ParseOptions): Mode => {
  const key = keyOfMode(way, options)
  const known = self.modes.get(key)
  if (known !== undefined) return known
  const mode: Mode = { way, options }
  self.modes.set(key, mode)
  return mode
}

/** The mode of a node: its own options beat those that it is parsed with. */
export const annotated = (self: Source, mode: Mode, ast: AST.AST): Mode =>
  Option.match(AST.getParseOptionsAnnotation(ast), {
    onNone: () => mode,
    onSome: (own) => modeOf(self, mode.way, { ...mode.options, ...own })
  })

const inherited = new Set(Object.getOwnPropertyNames(Object.prototype))

/** A property's name as a literal. What each object inherits, and symbols, are left to Effect. */
export const keyOf = (name: PropertyKey): string => {
  if (typeof name === "symbol" || inherited.has(String(name))) throw new Unsupported()
  return JSON.stringify(String(name))
}

/** Whether what is parsed may have an object of any shape, but no array. */
export const isRecord = (input: string): string =>
  `if (typeof ${input} !== "object" || ${input} === null || isArray(${input})) return X;`

/** Whether an object has a property of its own. */
export const has = (input: string, key: string): string => `hasOwn.call(${input}, ${key})`

/** What Effect's own functions gave: a value, a failure, or an effect, which compiled code cannot wait for. */
export const eitherOf = (self: Source, call: string): Code => {
  const either = variable(self, "e")
  return {
    statements:
      `const ${either} = ${call}; if (${either}._tag !== "Right") { if (${either}._tag !== "Left") throw EFFECT; return X; }`,
    result: `${either}.right`
  }
}
