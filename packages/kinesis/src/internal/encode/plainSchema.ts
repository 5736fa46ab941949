import * as Option from "effect/Option"
import * as AST from "effect/SchemaAST"

const isPlainObject = (ast: AST.TypeLiteral, seen: Set<AST.AST>): boolean =>
  ast.propertySignatures.length + ast.indexSignatures.length > 0 &&
  ast.propertySignatures.every(({ name, type }) => typeof name === "string" && isPlain(type, seen)) &&
  ast.indexSignatures.every(({ parameter, type }) => !AST.isSymbolKeyword(parameter) && isPlain(type, seen))

/** A schema may unfold without end. */
const mostNodes = 1_000

/** Others keep properties that the schema does not name. */
const dropsOthers = (ast: AST.AST): boolean => Option.isNone(AST.getParseOptionsAnnotation(ast))

const isPlain = (ast: AST.AST, seen: Set<AST.AST>): boolean => {
  if (seen.has(ast)) return true
  seen.add(ast)
  if (seen.size > mostNodes || !dropsOthers(ast)) return false
  switch (ast._tag) {
    case "StringKeyword":
    case "NumberKeyword":
    case "BooleanKeyword":
    case "TemplateLiteral":
    case "Enums":
    case "UndefinedKeyword":
    case "VoidKeyword":
    case "NeverKeyword":
      return true
    case "Literal":
      return typeof ast.literal !== "bigint"
    case "TypeLiteral":
      return isPlainObject(ast, seen)
    case "TupleType":
      return [...ast.elements, ...ast.rest].every(({ type }) => isPlain(type, seen))
    case "Union":
      return ast.types.every((type) => isPlain(type, seen))
    case "Refinement":
    case "Transformation":
      return isPlain(ast.from, seen)
    case "Suspend":
      return isPlain(ast.f(), seen)
    default:
      return false
  }
}

/**
 * Whether all that a schema encodes is made of texts, numbers, booleans, undefined and null, lists and objects: what of it has no form in JSON, a number
 * that is none or undefined in a list, is then written as null. Of a schema that names a class, or anything, nothing is known.
 */
export const encodesPlainly = (ast: AST.AST): boolean => isPlain(ast, new Set())
