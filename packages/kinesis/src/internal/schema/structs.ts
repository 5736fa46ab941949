import * as Option from "effect/Option"
import * as AST from "effect/SchemaAST"
import { isTest, test } from "./conditions.js"
import { constant, has, isRecord, keyOf, type Mode, type Source, Unsupported, variable } from "./source.js"

/** A property in a local variable. */
interface Local {
  readonly value: string
  /** An expression that tells whether there is the property; undefined where there always is. */
  readonly present: string | undefined
}

/** The properties of an object, in its order. */
export type Locals = Map<PropertyKey, Local>

/** Writes what puts the properties of an object's schema into local variables. */
export type ReadProperties = (ast: AST.TypeLiteral, locals: Locals) => string

/** Some options change what an object's schema gives: they are left to Effect. */
export const checkOptions = ({ options }: Mode): void => {
  if (options.propertyOrder === "original" || options.onExcessProperty === "preserve") throw new Unsupported()
}

/** Parses one property out of a variable. */
const property = (
  self: Source,
  { isOptional, type }: AST.PropertySignature,
  { present, value }: Local,
  mode: Mode
): { readonly statements: string; readonly local: Local } => {
  const { result, statements } = self.nodes.value(self, type, value, mode)
  if (!isOptional || present === undefined) return { statements, local: { value: result, present: undefined } }
  const output = variable(self, "o")
  return {
    statements: `let ${output}; if (${present}) { ${statements} ${output} = ${result}; }`,
    local: { value: output, present }
  }
}

/** Reads and parses the properties of the object `v`. */
export const readProperties = (self: Source, ast: AST.TypeLiteral, mode: Mode, locals: Locals): string =>
  ast.propertySignatures.map((signature) => {
    const key = keyOf(signature.name)
    const input = variable(self, "p")
    const present = signature.isOptional ? variable(self, "h") : undefined
    const found = present === undefined
      ? `const ${input} = v[${key}]; ${mode.options.exact === true ? `if (!${has("v", key)}) return X;` : ""}`
      : `const ${present} = ${has("v", key)}; const ${input} = ${present} ? v[${key}] : undefined;`
    const { local, statements } = property(self, signature, { value: input, present }, mode)
    locals.set(signature.name, local)
    return `${found} ${statements}`
  }).join("\n")

/** An object `o` of these locals, in their order. Those that are always there make its first shape. */
export const object = (locals: Locals): string => {
  const entries = [...locals].map(([name, local]) => ({ key: keyOf(name), ...local }))
  const first = entries.findIndex(({ present }) => present !== undefined)
  const always = first === -1 ? entries : entries.slice(0, first)
  const rest = entries.slice(always.length).map(({ key, present, value }) =>
    `${present === undefined ? "" : `if (${present}) `}o[${key}] = ${value};`
  )
  return `const o = { ${always.map(({ key, value }) => `${key}: ${value}`).join(", ")} }; ${rest.join(" ")}`
}

const namesOf = (ast: AST.TypeLiteral): ReadonlySet<string> =>
  new Set(ast.propertySignatures.map(({ name }) => String(name)))

/** Refuses properties that the schema does not have. */
const excess = (self: Source, ast: AST.TypeLiteral, { options }: Mode): string => {
  if (options.onExcessProperty !== "error") return ""
  if (ast.indexSignatures.length > 0) throw new Unsupported()
  return `for (const k of Reflect.ownKeys(v)) if (!${constant(self, namesOf(ast))}.has(k)) return X;`
}

const isOfSymbols = (parameter: AST.Parameter): boolean =>
  parameter._tag === "Refinement" ? isOfSymbols(parameter.from) : parameter._tag === "SymbolKeyword"

/** Parses the properties whose names are not known before; those that are known are only checked. */
const index = (self: Source, ast: AST.TypeLiteral, signature: AST.IndexSignature, mode: Mode): string => {
  if (isOfSymbols(signature.parameter) || !isTest(signature.parameter)) throw new Unsupported()
  const names = namesOf(ast)
  const accepted = test(self, signature.parameter, "k", mode)
  const { result, statements } = self.nodes.value(self, signature.type, "x", mode)
  return [
    "for (const k of Object.keys(v)) {",
    accepted === "typeof k === \"string\"" ? "" : `if (!${accepted}) continue;`,
    `const x = v[k]; ${statements}`,
    names.size === 0 ? "" : `if (!${constant(self, names)}.has(k))`,
    `o[k] = ${result}; }`
  ].join(" ")
}

/** The body of the function of an object's schema. */
export const struct = (self: Source, ast: AST.TypeLiteral, mode: Mode): string => {
  checkOptions(mode)
  const locals: Locals = new Map()
  return [
    isRecord("v"),
    excess(self, ast, mode),
    readProperties(self, ast, mode, locals),
    object(locals),
    ...ast.indexSignatures.map((signature) => index(self, ast, signature, mode)),
    "return o;"
  ].join("\n")
}

/** An object's schema whose properties another one renames or gives defaults: both are done in one pass. */
const plain = (ast: AST.AST): AST.TypeLiteral => {
  const isPlain = AST.isTypeLiteral(ast) && ast.propertySignatures.length > 0 && ast.indexSignatures.length === 0 &&
    Option.isNone(AST.getParseOptionsAnnotation(ast)) && Option.isNone(AST.getDecodingFallbackAnnotation(ast))
  if (!isPlain) throw new Unsupported()
  return ast
}

/**
 * Moves a property, as an Option, through the function of its transformation. Where there is one of the new name already, which stays if the
 * function gives none, it is left to Effect.
 */
const moved = (
  self: Source,
  step: AST.PropertySignatureTransformation,
  isDecoding: boolean,
  locals: Locals
): string => {
  const [from, to] = isDecoding ? [step.from, step.to] : [step.to, step.from]
  const local = locals.get(from)
  const option = variable(self, "q")
  const some = local === undefined ? "NONE" : `some(${local.value})`
  const argument = local?.present === undefined ? some : `${local.present} ? ${some} : NONE`
  locals.delete(from)
  keyOf(to)
  if (locals.has(to)) throw new Unsupported()
  locals.set(to, { value: `${option}.value`, present: `${option}._tag === "Some"` })
  return `const ${option} = ${constant(self, isDecoding ? step.decode : step.encode)}(${argument});`
}

const absent: Local = { value: "undefined", present: "false" }

/** Parses what is in local variables, as if they were an object's properties. */
const parseLocals = (self: Source, ast: AST.TypeLiteral, mode: Mode, from: Locals, to: Locals): string =>
  ast.propertySignatures.map((signature) => {
    keyOf(signature.name)
    const { present, value } = from.get(signature.name) ?? absent
    const input = variable(self, "p")
    const found = `const ${input} = ${present === undefined ? value : `${present} ? ${value} : undefined`};`
    const { local, statements } = property(self, signature, { value: input, present }, mode)
    to.set(signature.name, local)
    return `${found} ${statements}`
  }).join("\n")

/** What makes an object `o` of properties that are renamed, or have defaults. */
export const transformedStruct = (
  self: Source,
  ast: AST.Transformation,
  steps: ReadonlyArray<AST.PropertySignatureTransformation>,
  mode: Mode,
  read: ReadProperties
): string => {
  checkOptions(mode)
  if (mode.options.exact === true || mode.options.onExcessProperty === "error") throw new Unsupported()
  const isDecoding = mode.way === "decode"
  const [first, second] = isDecoding ? [plain(ast.from), plain(ast.to)] : [plain(ast.to), plain(ast.from)]
  const before: Locals = new Map()
  const after: Locals = new Map()
  return [
    read(first, before),
    ...steps.map((step) => moved(self, step, isDecoding, before)),
    parseLocals(self, second, mode, before, after),
    object(after)
  ].join("\n")
}
