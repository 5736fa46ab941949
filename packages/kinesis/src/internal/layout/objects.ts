import type * as AST from "effect/SchemaAST"
import { keyOf, type Mode, Unsupported, variable } from "../schema/source.js"
import { checkOptions, type Locals, object, type ReadProperties, transformedStruct } from "../schema/structs.js"
import { keysOf } from "./layout.js"
import { begin, colonOf, commaOf, taken, type Writer } from "./writer.js"

/** Whether a key was read before: that is known only when one that must be there was written. */
type Before = "none" | "perhaps" | "some"

/** Whether a key is next, with what stands before it. */
const key = (self: Writer, name: string, before: Before): string => {
  const own = `${JSON.stringify(name)}${colonOf(self)}`
  const first = taken(`{${own}`)
  const next = taken(`${commaOf(self)}${own}`)
  return before === "none" ? first : before === "some" ? next : `(isFirst ? ${first} : ${next})`
}

const end = (before: Before): string => {
  const closed = taken("}")
  return `if (!${before === "some" ? closed : `(isFirst ? ${taken("{}")} : ${closed})`}) return X;`
}

/** The keys that the texts may have. One that only JavaScript's own objects have is left to `JSON.parse`, and so is one that is refused. */
const keys = (self: Writer, ast: AST.TypeLiteral, { options }: Mode): ReadonlyArray<string> => {
  const names = ast.propertySignatures.map(({ name }) => {
    keyOf(name)
    return String(name)
  })
  const all = keysOf(self.layout, ast, names)
  if (all === undefined) throw new Unsupported()
  return options.onExcessProperty === "error" ? all.filter((key) => names.includes(key)) : all
}

/** Reads a key that need not be there, and what is behind it. */
const perhaps = (before: Before, isNext: string, statements: string): string =>
  `if (${isNext}) { ${before === "some" ? "" : "isFirst = false;"} ${statements} }`

const skipped = "C.at = a; if (!skip(C)) return X; a = C.at;"

/** Reads the properties in the order of the texts into variables, which are those of the schema's order. */
const properties = (self: Writer, mode: Mode): ReadProperties => (ast, locals) => {
  const signatures = new Map(ast.propertySignatures.map((signature) => [String(signature.name), signature]))
  const found: Locals = new Map()
  let before: Before = "none"
  const statements = keys(self, ast, mode).map((name) => {
    const signature = signatures.get(name)
    const isNext = key(self, name, before)
    const step = signature === undefined
      ? perhaps(before, isNext, skipped)
      : property(self, signature, mode, isNext, before, found)
    if (signature?.isOptional === false) before = "some"
    else if (before === "none") before = "perhaps"
    return step
  })
  for (const { name } of ast.propertySignatures) locals.set(name, found.get(name)!)
  return ["let isFirst = true;", ...statements, end(before)].join("\n")
}

const property = (
  self: Writer,
  { isOptional, name, type }: AST.PropertySignature,
  mode: Mode,
  isNext: string,
  before: Before,
  found: Locals
): string => {
  const { result, statements } = self.reading.read(self, type, mode)
  if (!isOptional) {
    found.set(name, { value: result, present: undefined })
    return `if (!${isNext}) return X; ${statements}`
  }
  const output = variable(self.source, "o")
  const present = variable(self.source, "h")
  found.set(name, { value: output, present })
  const read = `${statements} ${output} = ${result}; ${present} = true;`
  return `let ${output}, ${present} = false; ${perhaps(before, isNext, read)}`
}

/** The body of the function that reads an object of known properties. */
export const struct = (self: Writer, ast: AST.TypeLiteral, mode: Mode): string => {
  checkOptions(mode)
  const locals: Locals = new Map()
  return [begin, properties(self, mode)(ast, locals), object(locals), "C.at = a; return o;"].join("\n")
}

/** The same of which properties are renamed, or have defaults. */
export const renamed = (
  self: Writer,
  ast: AST.Transformation,
  steps: ReadonlyArray<AST.PropertySignatureTransformation>,
  mode: Mode
): string =>
  [begin, transformedStruct(self.source, ast, steps, mode, properties(self, mode)), "C.at = a; return o;"].join("\n")
