import * as AST from "effect/SchemaAST"
import { hasFallback } from "../schema/conditions.js"

/** The kinds of values that JSON has. */
export type Kind = "string" | "number" | "boolean" | "null" | "object" | "array"

const every: ReadonlyArray<Kind> = ["string", "number", "boolean", "null", "object", "array"]

const kindOf = (value: unknown): ReadonlyArray<Kind> => {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
      return [typeof value as Kind]
    default:
      return value === null ? ["null"] : []
  }
}

const known = new WeakMap<AST.AST, ReadonlySet<Kind>>()

/** The kinds of JSON of which a node may make a value; it surely refuses the others. */
export const kindsOf = (ast: AST.AST): ReadonlySet<Kind> => {
  const found = known.get(ast)
  if (found !== undefined) return found
  known.set(ast, new Set(every))
  const kinds = new Set(kindsAlone(ast))
  known.set(ast, kinds)
  return kinds
}

const kindsAlone = (ast: AST.AST): Iterable<Kind> => {
  if (hasFallback(ast)) return every
  switch (ast._tag) {
    case "StringKeyword":
    case "TemplateLiteral":
      return ["string"]
    case "NumberKeyword":
      return ["number"]
    case "BooleanKeyword":
      return ["boolean"]
    case "Literal":
      return kindOf(ast.literal)
    case "Enums":
      return ast.enums.flatMap(([, value]) => kindOf(value))
    case "UndefinedKeyword":
    case "NeverKeyword":
    case "BigIntKeyword":
    case "SymbolKeyword":
    case "UniqueSymbol":
      return []
    case "ObjectKeyword":
      return ["object", "array"]
    case "TypeLiteral":
      return isEmpty(ast) ? every : ["object"]
    case "TupleType":
      return ["array"]
    case "Refinement":
    case "Transformation":
      return kindsOf(ast.from)
    case "Suspend":
      return kindsOf(ast.f())
    case "Union":
      return ast.types.flatMap((type) => [...kindsOf(type)])
    default:
      return every
  }
}

/** The schema of any value but null and undefined. */
const isEmpty = (ast: AST.TypeLiteral): boolean =>
  ast.propertySignatures.length === 0 && ast.indexSignatures.length === 0

/** The schema of objects with known properties, and of no others. */
export const isStruct = (ast: AST.AST): ast is AST.TypeLiteral =>
  AST.isTypeLiteral(ast) && ast.propertySignatures.length > 0 && ast.indexSignatures.length === 0

/** The schema of objects that a node decodes first, if it surely refuses what that one does. */
export const structOf = (ast: AST.AST): AST.TypeLiteral | undefined => {
  if (hasFallback(ast)) return undefined
  switch (ast._tag) {
    case "TypeLiteral":
      return isStruct(ast) ? ast : undefined
    case "Refinement":
    case "Transformation":
      return structOf(ast.from)
    case "Suspend":
      return structOf(ast.f())
    default:
      return undefined
  }
}

/** The literals that an object must have, by the names of properties, so that a node makes a value of it. */
const literalsOf = (ast: AST.AST): ReadonlyMap<PropertyKey, AST.LiteralValue> =>
  new Map(
    (structOf(ast)?.propertySignatures ?? []).flatMap(({ isOptional, name, type }) =>
      isOptional || type._tag !== "Literal" || hasFallback(type) ? [] : [[name, type.literal]]
    )
  )

/** The members of a union that may be what an object, or an array, is. */
export interface Members {
  readonly types: ReadonlyArray<AST.AST>
  /** The property whose value is another literal in each, if there are several. */
  readonly tag: PropertyKey | undefined
}

/** The members of a union that may be of a kind; undefined when they are not told apart by a tag. */
export const membersOf = (ast: AST.Union, kind: Kind): Members | undefined => {
  const types = ast.types.filter((type) => kindsOf(type).has(kind))
  if (types.length < 2) return { types, tag: undefined }
  const literals = types.map(literalsOf)
  const tag = [...literals[0]!.keys()].find((name) =>
    new Set(literals.flatMap((each) => each.has(name) ? [each.get(name)] : [])).size === types.length
  )
  return tag === undefined ? undefined : { types, tag }
}

/** The member whose tag an object has. */
export const memberOf = ({ tag, types }: Members, value: object): AST.AST | undefined =>
  tag === undefined
    ? types[0]
    : types.find((type) => literalsOf(type).get(tag) === (value as Record<PropertyKey, unknown>)[tag])
