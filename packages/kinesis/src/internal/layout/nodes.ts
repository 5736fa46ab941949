import * as Option from "effect/Option"
import * as AST from "effect/SchemaAST"
import { hasFallback, passes } from "../schema/conditions.js"
import { nodes } from "../schema/nodes.js"
import { annotated, type Code, constant, eitherOf, type Mode, Unsupported, variable } from "../schema/source.js"
import { tuple } from "./arrays.js"
import { isStruct, type Kind, kindsOf, membersOf, structOf } from "./kinds.js"
import { keysOf } from "./layout.js"
import { renamed, struct } from "./objects.js"
import { scalar } from "./scalars.js"
import { begin, called, isByte, type Reader, type Reading, type Writer } from "./writer.js"

/** A schema that has more nodes than this is unfolding without end, or too large to gain from. */
const mostFunctions = 2000

const hasParts = (ast: AST.AST): boolean => kindsOf(ast).has("object") || kindsOf(ast).has("array")

const hasScalars = (ast: AST.AST): boolean => [...kindsOf(ast)].some((kind) => kind !== "object" && kind !== "array")

const read = (self: Writer, ast: AST.AST, mode: Mode): Code => {
  if (!hasParts(ast)) return scalar(self, ast, mode)
  const result = variable(self.source, "r")
  return { statements: called(`${readerOf(self, ast, mode).name}()`, result, "X"), result }
}

const readerOf = (self: Writer, ast: AST.AST, mode: Mode): Reader => {
  const { functions } = self.source
  const readers = self.readers.get(ast) ?? new Map<Mode, Reader>()
  self.readers.set(ast, readers)
  const known = readers.get(mode)
  if (known !== undefined) return known
  if (functions.length > mostFunctions) throw new RangeError("too many nodes")
  const reader: Reader = { name: variable(self.source, "s"), isGeneral: false }
  readers.set(mode, reader)
  const place = functions.push("") - 1
  functions[place] = `function ${reader.name}() {\n${bodyOf(self, ast, mode, reader)}\n}`
  return reader
}

const bodyOf = (self: Writer, ast: AST.AST, mode: Mode, reader: Reader): string => {
  try {
    if (hasFallback(ast)) throw new Unsupported()
    return body(self, ast, annotated(self.source, mode, ast))
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error
    reader.isGeneral = true
    return general(self, ast, mode)
  }
}

/** What leaves the text of a value to `JSON.parse`, and the value to the compiled schema. */
const general = (self: Writer, ast: AST.AST, mode: Mode): string => {
  const { result, statements } = nodes.value(self.source, ast, "v", mode)
  return `const v = value(C); if (v === undefined) return X; ${statements} return ${result};`
}

/** Calls the reader of a part that is all of a node: nothing is gained if it is a general one. */
const inner = (self: Writer, ast: AST.AST, mode: Mode): string => {
  const { isGeneral, name } = readerOf(self, ast, mode)
  if (isGeneral) throw new Unsupported()
  return `const r = ${name}(); if (r === X) return X;`
}

const body = (self: Writer, ast: AST.AST, mode: Mode): string => {
  switch (ast._tag) {
    case "TypeLiteral":
      if (!isStruct(ast)) throw new Unsupported()
      return struct(self, ast, mode)
    case "TupleType":
      return tuple(self, ast, mode)
    case "Suspend":
      return `${inner(self, ast.f(), mode)} return r;`
    case "Refinement":
      return `${inner(self, ast.from, mode)} return ${passes(self.source, ast, "r", mode)} ? r : X;`
    case "Transformation":
      return transformation(self, ast, mode)
    case "Union":
      return union(self, ast, mode)
    default:
      throw new Unsupported()
  }
}

/** The transformation of a class, which makes an instance of the properties alone. Others may want what they were decoded from. */
const isOfClass = (ast: AST.Transformation): boolean =>
  AST.isDeclaration(ast.to) && Option.isSome(AST.getSurrogateAnnotation(ast)) &&
  Option.isSome(AST.getSurrogateAnnotation(ast.to))

const transformation = (self: Writer, ast: AST.Transformation, mode: Mode): string => {
  const { source } = self
  const kind = ast.transformation
  if (kind._tag === "TypeLiteralTransformation") {
    return renamed(self, ast, kind.propertySignatureTransformations, mode)
  }
  const isComposed = kind._tag === "ComposeTransformation"
  if (!isComposed && !isOfClass(ast)) throw new Unsupported()
  const from = inner(self, ast.from, mode)
  const between = isComposed ? { statements: "", result: "r" } : eitherOf(
    source,
    `${constant(source, kind.decode)}(r, ${constant(source, mode.options)}, ${constant(source, ast)}, undefined)`
  )
  const after = nodes.value(source, ast.to, "m", mode)
  return `${from} ${between.statements} const m = ${between.result}; ${after.statements} return ${after.result};`
}

/** Whether texts had objects of a member; of others it is not known where their tag is. */
const isSeen = ({ layout }: Writer, type: AST.AST): boolean => layout.keys.has(structOf(type)!)

/** Whether the tag of a member comes before all that has parts, so that they are not read by one member after the other, at each level anew. */
const isEarly = ({ layout }: Writer, type: AST.AST, tag: PropertyKey): boolean => {
  const struct = structOf(type)!
  const keys = keysOf(layout, struct, struct.propertySignatures.map(({ name }) => String(name))) ?? []
  const before = keys.slice(0, keys.indexOf(String(tag)))
  return struct.propertySignatures.every(({ name, type }) => !before.includes(String(name)) || !hasParts(type))
}

/** Reads what has parts by the members that may be it; undefined when they are not told apart at once. */
const members = (self: Writer, ast: AST.Union, kind: Kind, mode: Mode): string | undefined => {
  const found = membersOf(ast, kind)
  if (found === undefined) return undefined
  const { tag } = found
  const types = tag === undefined ? found.types : found.types.filter((type) => isSeen(self, type))
  if (tag !== undefined && !types.every((type) => isEarly(self, type, tag))) return undefined
  const readers = types.map((type) => readerOf(self, type, mode))
  if (readers.some(({ isGeneral }) => isGeneral)) return undefined
  return `${readers.map(({ name }) => `{ C.at = a; const r = ${name}(); if (r !== X) return r; }`).join(" ")} return X;`
}

const parts: ReadonlyArray<readonly [Kind, string]> = [["object", "{"], ["array", "["]]

const union = (self: Writer, ast: AST.Union, mode: Mode): string => {
  const branches = parts.map(([kind, character]) => ({ character, code: members(self, ast, kind, mode) }))
  const isLeft = parts.every(([kind], index) => !kindsOf(ast).has(kind) || branches[index]!.code === undefined)
  if (isLeft) throw new Unsupported()
  const scalars = ast.types.filter(hasScalars)
  const single = scalars.length === 0 ? undefined : scalar(self, AST.Union.make(scalars), mode)
  return [
    begin,
    ...branches.map(({ character, code }) =>
      `if (${isByte(character)}) { ${code ?? `C.at = a; ${general(self, ast, mode)}`} }`
    ),
    single === undefined ? "return X;" : `${single.statements} C.at = a; return ${single.result};`
  ].join("\n")
}

/** What writes the functions that read nodes. */
export const reading: Reading = { read, readerOf }
