import * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"
import { hasFallback, passes } from "../schema/conditions.js"
import { nodes } from "../schema/nodes.js"
import { annotated, type Code, type Mode, variable } from "../schema/source.js"
import { kindsOf } from "./kinds.js"
import { called, taken, type Writer } from "./writer.js"

/** More texts than this are no longer compared one by one. */
const mostLiterals = 16

const isPlain = (text: string): boolean => /^[ !#-[\]-~]*$/.test(text)

/** The texts that a node accepts, if it accepts nothing else. */
const textsOf = (ast: AST.AST): ReadonlyArray<string> | undefined => {
  if (hasFallback(ast)) return undefined
  if (ast._tag === "Literal") {
    return typeof ast.literal === "string" && isPlain(ast.literal) ? [ast.literal] : undefined
  }
  if (ast._tag !== "Union") return undefined
  const texts = ast.types.map(textsOf)
  return texts.includes(undefined) || texts.length > mostLiterals ? undefined : texts.flat() as Array<string>
}

const oneOf = (self: Writer, texts: ReadonlyArray<string>): Code => {
  const result = variable(self.source, "r")
  const tests = texts.map((text) => {
    const quoted = JSON.stringify(text)
    return `if (${taken(quoted)}) ${result} = ${quoted};`
  })
  return { statements: `let ${result}; ${tests.join(" else ")} else return X;`, result }
}

const { ast: date } = Schema.Date
const { ast: dateFromString } = Schema.DateFromString

const isDateFromString = (ast: AST.AST): boolean =>
  ast._tag === "Transformation" && dateFromString._tag === "Transformation" &&
  ast.transformation === dateFromString.transformation && ast.from === dateFromString.from &&
  ast.to === dateFromString.to && !hasFallback(ast)

/** What a date that is valid must still pass; undefined when the node gives no dates. */
const dateFilters = (self: Writer, ast: AST.AST, mode: Mode): ReadonlyArray<(date: string) => string> | undefined => {
  if (isDateFromString(ast)) return []
  if (ast._tag !== "Refinement" || hasFallback(ast)) return undefined
  const own = annotated(self.source, mode, ast)
  const inner = dateFilters(self, ast.from, own)
  if (inner === undefined) return undefined
  const isValidity = date._tag === "Refinement" && ast.filter === date.filter
  return isValidity ? inner : [...inner, (input) => passes(self.source, ast, input, own)]
}

const dated = (
  self: Writer,
  ast: AST.AST,
  mode: Mode,
  filters: ReadonlyArray<(date: string) => string>
): Code => {
  const result = variable(self.source, "d")
  const text = variable(self.source, "t")
  const other = nodes.value(self.source, ast, text, mode)
  const conditions = filters.map((filter) => filter(result)).join(" && ")
  return {
    statements: [
      `C.at = a; let ${result} = instant(C);`,
      `if (${result} === undefined) {`,
      `const ${text} = string(C); if (${text} === undefined) return X;`,
      `${other.statements} ${result} = ${other.result}; }`,
      conditions === "" ? "" : `else if (!(${conditions})) return X;`,
      "a = C.at;"
    ].join("\n"),
    result
  }
}

/** The members of a union that may accept something of JSON. */
const possible = (ast: AST.Union): ReadonlyArray<AST.AST> => ast.types.filter((type) => kindsOf(type).size > 0)

/** Reads null, or by the other member of a union. */
const nullable = (self: Writer, ast: AST.Union, mode: Mode): Code | undefined => {
  const others = possible(ast).filter((type) => type._tag !== "Literal" || type.literal !== null || hasFallback(type))
  const [other, more] = others
  if (other === undefined || more !== undefined) return undefined
  if (others.length === possible(ast).length) return scalar(self, other, mode)
  if (kindsOf(other).has("null")) return undefined
  const result = variable(self.source, "r")
  const inner = scalar(self, other, mode)
  return {
    statements: `let ${result}; if (${
      taken("null")
    }) ${result} = null; else { ${inner.statements} ${result} = ${inner.result}; }`,
    result
  }
}

const only = (ast: AST.AST): string => {
  const [kind, more] = kindsOf(ast)
  return more === undefined && (kind === "string" || kind === "number") ? kind : "scalar"
}

/** Reads a node that accepts nothing that has parts. What is read is judged as the compiled schema does it. */
export const scalar = (self: Writer, ast: AST.AST, mode: Mode): Code => {
  const texts = textsOf(ast)
  if (texts !== undefined) return oneOf(self, texts)
  const filters = dateFilters(self, ast, mode)
  if (filters !== undefined) return dated(self, ast, mode, filters)
  if (ast._tag === "Union" && !hasFallback(ast)) {
    const found = nullable(self, ast, annotated(self.source, mode, ast))
    if (found !== undefined) return found
  }
  const input = variable(self.source, "j")
  const { result, statements } = nodes.value(self.source, ast, input, mode)
  return { statements: `${called(`${only(ast)}(C)`, input, "undefined")} ${statements}`, result }
}
