import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import { isTest, passes, test } from "./conditions.js"
import {
  annotated,
  type Code,
  constant,
  eitherOf,
  has,
  isRecord,
  keyOf,
  type Mode,
  modeOf,
  type Nodes,
  type Source,
  Unsupported,
  variable
} from "./source.js"
import { type ReadProperties, readProperties, struct, transformedStruct } from "./structs.js"

/** A schema that has more nodes than this is unfolding without end, or too large to gain from. */
const mostFunctions = 2000

const parsers = {
  decode: ParseResult.decodeUnknown,
  encode: ParseResult.encodeUnknown,
  type: ParseResult.validate
}

/** Parses a variable, by a test where that is enough. */
const value = (self: Source, ast: AST.AST, input: string, mode: Mode): Code => {
  const inner = isErased(ast, mode) ? ast.to : ast
  if (isTest(inner)) {
    const condition = test(self, inner, input, mode)
    return { statements: condition === "true" ? "" : `if (!(${condition})) return X;`, result: input }
  }
  const result = variable(self, "r")
  return {
    statements: `const ${result} = ${functionOf(self, inner, mode)}(${input}); if (${result} === X) return X;`,
    result
  }
}

/** The type side of a transformation is that of its result. */
const isErased = (ast: AST.AST, { way }: Mode): ast is AST.Transformation => way === "type" && AST.isTransformation(ast)

const functionOf = (self: Source, ast: AST.AST, mode: Mode): string => {
  const names = self.names.get(ast) ?? new Map<Mode, string>()
  self.names.set(ast, names)
  const known = names.get(mode)
  if (known !== undefined) return known
  if (self.functions.length > mostFunctions) throw new RangeError("too many nodes")
  const name = variable(self, "f")
  names.set(mode, name)
  const place = self.functions.push("") - 1
  self.functions[place] = `function ${name}(v) {\n${bodyOf(self, ast, mode)}\n}`
  return name
}

const bodyOf = (self: Source, ast: AST.AST, mode: Mode): string => {
  if (Option.isSome(AST.getDecodingFallbackAnnotation(ast))) return left(self, ast, mode)
  try {
    return body(self, ast, isErased(ast, mode) ? mode : annotated(self, mode, ast))
  } catch (error) {
    if (error instanceof Unsupported) return left(self, ast, mode)
    throw error
  }
}

/** What is left to Effect's own parser. */
const left = (self: Source, ast: AST.AST, { options, way }: Mode): string => {
  const { result, statements } = eitherOf(
    self,
    `${constant(self, parsers[way](Schema.make(ast), options))}(v)`
  )
  return `${statements} return ${result};`
}

const body = (self: Source, ast: AST.AST, mode: Mode): string => {
  if (isTest(ast)) return returned(value(self, ast, "v", mode))
  switch (ast._tag) {
    case "TypeLiteral":
      return struct(self, ast, mode)
    case "TupleType":
      return tuple(self, ast, mode)
    case "Union":
      return union(self, ast, mode)
    case "Refinement":
      return refinement(self, ast, mode)
    case "Transformation":
      return transformation(self, ast, mode)
    case "Declaration":
      return declaration(self, ast, mode)
    case "Suspend":
      return returned(value(self, ast.f(), "v", mode))
    default:
      return returned(value(self, ast, "v", mode))
  }
}

const returned = ({ result, statements }: Code): string => `${statements} return ${result};`

const withoutRefinements = (ast: AST.AST): AST.AST => AST.isRefinement(ast) ? withoutRefinements(ast.from) : ast

const refinement = (self: Source, ast: AST.Refinement, mode: Mode): string => {
  if (mode.way === "encode") {
    const checked = value(self, ast, "v", modeOf(self, "type", mode.options))
    const encoded = value(self, withoutRefinements(ast.from), checked.result, mode)
    return `${checked.statements} ${returned(encoded)}`
  }
  const { result, statements } = value(self, ast.from, "v", mode)
  return `${statements} return ${passes(self, ast, result, mode)} ? ${result} : X;`
}

const declaration = (self: Source, ast: AST.Declaration, { options, way }: Mode): string => {
  const own = way === "type" ? AST.typeAST(ast) as AST.Declaration : ast
  const parse = way === "encode"
    ? own.encodeUnknown(...own.typeParameters)
    : own.decodeUnknown(...own.typeParameters)
  return returned(eitherOf(self, `${constant(self, parse)}(v, ${constant(self, options)}, ${constant(self, own)})`))
}

const transformation = (self: Source, ast: AST.Transformation, mode: Mode): string => {
  const kind = ast.transformation
  if (mode.way === "type") return returned(value(self, ast.to, "v", mode))
  if (kind._tag === "TypeLiteralTransformation") {
    const read: ReadProperties = (first, locals) => `${isRecord("v")}\n${readProperties(self, first, mode, locals)}`
    return `${transformedStruct(self, ast, kind.propertySignatureTransformations, mode, read)}\nreturn o;`
  }
  const [first, second] = mode.way === "decode" ? [ast.from, ast.to] : [ast.to, ast.from]
  const before = value(self, first, "v", mode)
  const between = kind._tag === "ComposeTransformation" ? { statements: "", result: before.result } : eitherOf(
    self,
    `${constant(self, mode.way === "decode" ? kind.decode : kind.encode)}(${before.result}, ${
      constant(self, mode.options)
    }, ${constant(self, ast)}, v)`
  )
  const middle = variable(self, "m")
  const after = value(self, second, middle, mode)
  return [
    before.statements,
    between.statements,
    `const ${middle} = ${between.result};`,
    returned(after)
  ].join("\n")
}

/** Elements first, then the rest, which is a loop. Elements behind the rest are left to Effect. */
const tuple = (self: Source, ast: AST.TupleType, mode: Mode): string => {
  const [rest, behind] = ast.rest
  if (behind !== undefined) throw new Unsupported()
  const count = ast.elements.length
  const required = ast.elements.filter(({ isOptional }) => !isOptional).length
  const elements = ast.elements.map(({ type }, place) => {
    const element = variable(self, "x")
    const { result, statements } = value(self, type, element, mode)
    return `if (n > ${place}) { const ${element} = v[${place}]; ${statements} o.push(${result}); }`
  })
  const loop = rest === undefined ? undefined : value(self, rest.type, "x", mode)
  return [
    "if (!isArray(v)) return X;",
    "const n = v.length;",
    required === 0 ? "" : `if (n < ${required}) return X;`,
    loop === undefined ? `if (n > ${count}) return X;` : "",
    "const o = [];",
    ...elements,
    loop === undefined
      ? ""
      : `for (let i = ${count}; i < n; i++) { const x = v[i]; ${loop.statements} o.push(${loop.result}); }`,
    "return o;"
  ].join("\n")
}

/** Which members of a union may be what an input is, by its literals. It is internal to Effect, and may be gone in a later version. */
interface SearchTree {
  readonly keys: Readonly<Record<string, { readonly buckets: Readonly<Record<string, ReadonlyArray<AST.AST>>> }>>
  readonly otherwise: ReadonlyArray<AST.AST>
}

const searchTree = (types: ReadonlyArray<AST.AST>, isDecoding: boolean): SearchTree => {
  const search: unknown = Reflect.get(ParseResult, "getSearchTree")
  if (typeof search !== "function") throw new Unsupported()
  return search(types, isDecoding) as SearchTree
}

/** Tries the members in Effect's order: those of the input's tags first. */
const union = (self: Source, ast: AST.Union, mode: Mode): string => {
  const isOfTypes = mode.way === "type"
  const types = isOfTypes ? ast.types.map(AST.typeAST) : ast.types
  const { keys, otherwise } = searchTree(types, mode.way !== "encode")
  const attempt = (type: AST.AST): string => {
    const member = ast.types[types.indexOf(type)]!
    const inner = isErased(member, mode) ? member.to : member
    return isTest(inner)
      ? `if (${test(self, inner, "v", mode)}) return v;`
      : `{ const r = ${functionOf(self, inner, mode)}(v); if (r !== X) return r; }`
  }
  const tagged = Reflect.ownKeys(keys).map((name) => {
    const key = keyOf(name)
    const tag = variable(self, "t")
    const cases = Object.entries(keys[name as string]!.buckets).map(([literal, members]) =>
      `case ${JSON.stringify(literal)}: ${members.map(attempt).join(" ")} break;`
    )
    return [
      `if (${has("v", key)}) { const ${tag} = v[${key}];`,
      `if (${tag} !== null && typeof ${tag} === "object" || typeof ${tag} === "function") throw UNSURE;`,
      `switch (String(${tag})) { ${cases.join("\n")} } }`
    ].join("\n")
  })
  return [
    tagged.length === 0 ? "" : `if (typeof v === "object" && v !== null) { ${tagged.join("\n")} }`,
    ...otherwise.map(attempt),
    "return X;"
  ].join("\n")
}

/** What writes the functions of nodes. */
export const nodes: Nodes = { value, functionOf }
