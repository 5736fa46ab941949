import type * as AST from "effect/SchemaAST"
import { nodes } from "../schema/nodes.js"
import * as Program from "../schema/program.js"
import * as Source from "../schema/source.js"
import * as Cursor from "./cursor.js"
import { instant } from "./instants.js"
import type { Layout } from "./layout.js"
import { reading } from "./nodes.js"
import * as Scan from "./scan.js"
import type { Writer } from "./writer.js"

/** From the bytes of a record to the value that its JSON text has by the schema, or `Program.unjudged`. */
export type Reader = (data: Uint8Array) => unknown

const { number, scalar, skip, string, value } = Scan
const helpers = { number, scalar, skip, string, value, instant }

/** Throws where code generation is forbidden, or the schema is too large. Undefined when there is nothing to gain. */
const written = (
  cursor: Cursor.Cursor,
  ast: AST.AST,
  options: AST.ParseOptions,
  layout: Layout
): (() => unknown) | undefined => {
  const self: Writer = { reading, source: Source.make(nodes), layout, readers: new Map() }
  const root = reading.readerOf(self, ast, Source.modeOf(self.source, "decode", options))
  if (root.isGeneral) return undefined
  self.source.functions.push(`return ${root.name};`)
  return Program.evaluate<() => unknown>(self.source, { ...helpers, C: cursor })
}

/**
 * Generates code that reads texts of a layout as `JSON.parse` and the compiled schema would, and gives the same values. It judges nothing
 * that is laid out in another way or that the schema refuses, and whatever throws in it. Undefined for a schema, or where code generation is
 * forbidden, from which nothing is gained.
 */
export const make = (ast: AST.AST, options: AST.ParseOptions, layout: Layout): Reader | undefined => {
  const cursor = Cursor.make()
  const read = attempted(() => written(cursor, ast, options, layout))
  if (read === undefined) return undefined
  let isReading = false
  return (data) => {
    if (isReading || !(data instanceof Uint8Array)) return Program.unjudged
    isReading = true
    try {
      Cursor.open(cursor, data)
      const value = read()
      return cursor.at === cursor.end ? value : Program.unjudged
    } catch {
      return Program.unjudged
    } finally {
      Cursor.close(cursor)
      isReading = false
    }
  }
}

const attempted = <A>(make: () => A): A | undefined => {
  try {
    return make()
  } catch {
    return undefined
  }
}
