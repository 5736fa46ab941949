import type * as AST from "effect/SchemaAST"
import { type Mode, Unsupported } from "../schema/source.js"
import { begin, commaOf, isByte, taken, type Writer } from "./writer.js"

/** The body of the function that reads an array. Elements behind the rest are left to `JSON.parse`. */
export const tuple = (self: Writer, { elements, rest }: AST.TupleType, mode: Mode): string => {
  const [each, behind] = rest
  if (behind !== undefined) throw new Unsupported()
  const required = elements.filter(({ isOptional }) => !isOptional).length
  const comma = taken(commaOf(self))
  const pushed = (type: AST.AST): string => {
    const { result, statements } = self.reading.read(self, type, mode)
    return `${statements} o.push(${result});`
  }
  const fixed = elements.map(({ type }, place) => {
    const parted = place === 0 ? "" : place < required ? `if (!${comma}) return X;` : `if (!${comma}) break elements;`
    return `${parted} ${pushed(type)}`
  })
  const loop = each === undefined ? "" : [
    elements.length === 0 ? "" : `if (!${comma}) break elements;`,
    `do { ${pushed(each.type)} } while (${comma});`
  ].join("\n")
  return [
    begin,
    `if (!${taken("[")}) return X; const o = [];`,
    "elements: {",
    required === 0 ? `if (${isByte("]")}) break elements;` : "",
    ...fixed,
    loop,
    "}",
    `if (!${taken("]")}) return X; C.at = a; return o;`
  ].join("\n")
}
