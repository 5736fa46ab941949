import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"
import * as SchemaAST from "effect/SchemaAST"
import { annotated, constant, type Mode, type Source, Unsupported } from "./source.js"

/** From how many literals on a set is faster than comparing one by one. */
const fewLiterals = 8

/** Conditions are written out at each place. A schema that has more of them than this is too large to gain from. */
const mostConditions = 20_000

/** Whether a node makes a value of what it refuses. */
export const hasFallback = (ast: AST.AST): boolean => Option.isSome(SchemaAST.getDecodingFallbackAnnotation(ast))

const known = new WeakMap<AST.AST, boolean>()

/** Whether the value is the input itself, so that a test is enough. */
export const isTest = (ast: AST.AST): boolean => {
  const found = known.get(ast) ?? isTestAlone(ast)
  known.set(ast, found)
  return found
}

const isTestAlone = (ast: AST.AST): boolean => {
  if (hasFallback(ast)) return false
  switch (ast._tag) {
    case "Refinement":
      return isTest(ast.from)
    case "Union":
      return ast.types.every(isTest)
    case "TypeLiteral":
      return ast.propertySignatures.length === 0 && ast.indexSignatures.length === 0
    case "Declaration":
    case "Suspend":
    case "Transformation":
    case "TupleType":
      return false
    default:
      return true
  }
}

const equals = (self: Source, input: string, value: AST.LiteralValue | symbol): string =>
  `${input} === ${typeof value === "string" || value === null ? JSON.stringify(value) : constant(self, value)}`

const isIn = (self: Source, input: string, values: ReadonlyArray<AST.LiteralValue>): string =>
  values.length > fewLiterals
    ? `${constant(self, new Set(values.filter((value) => !Number.isNaN(value))))}.has(${input})`
    : any(values.map((value) => equals(self, input, value)))

const any = (tests: ReadonlyArray<string>): string => `(${tests.join(" || ") || "false"})`

const literalsOf = (ast: AST.Union): ReadonlyArray<AST.LiteralValue> | undefined => {
  const literals = ast.types.flatMap((type) => type._tag === "Literal" ? [type.literal] : [])
  return literals.length === ast.types.length ? literals : undefined
}

/** An expression that tests a value. */
export const test = (self: Source, ast: AST.AST, input: string, mode: Mode): string => {
  if (self.conditions++ > mostConditions) throw new RangeError("too many conditions")
  const own = annotated(self, mode, ast)
  switch (ast._tag) {
    case "Literal":
      return equals(self, input, ast.literal)
    case "UniqueSymbol":
      return equals(self, input, ast.symbol)
    case "Enums":
      return isIn(self, input, ast.enums.map(([, value]) => value))
    case "UndefinedKeyword":
      return `${input} === undefined`
    case "NeverKeyword":
      return "false"
    case "UnknownKeyword":
    case "AnyKeyword":
    case "VoidKeyword":
      return "true"
    case "StringKeyword":
      return `typeof ${input} === "string"`
    case "NumberKeyword":
      return `typeof ${input} === "number"`
    case "BooleanKeyword":
      return `typeof ${input} === "boolean"`
    case "BigIntKeyword":
      return `typeof ${input} === "bigint"`
    case "SymbolKeyword":
      return `typeof ${input} === "symbol"`
    case "ObjectKeyword":
      return `(typeof ${input} === "object" && ${input} !== null || typeof ${input} === "function")`
    case "TemplateLiteral":
      return `${constant(self, ParseResult.is(Schema.make(ast)))}(${input})`
    case "TypeLiteral":
      return `(${input} !== undefined && ${input} !== null)`
    case "Union": {
      const literals = literalsOf(ast)
      return literals === undefined
        ? any(ast.types.map((type) => test(self, type, input, own)))
        : isIn(self, input, literals)
    }
    case "Refinement":
      return `(${test(self, ast.from, input, own)} && ${passes(self, ast, input, own)})`
    default:
      throw new Unsupported()
  }
}

/** Whether a value passes the filter of a refinement. */
export const passes = (self: Source, ast: AST.Refinement, input: string, { options, way }: Mode): string => {
  const own = way === "type" ? SchemaAST.typeAST(ast) : ast
  return `${constant(self, ast.filter)}(${input}, ${constant(self, options)}, ${constant(self, own)})._tag === "None"`
}
