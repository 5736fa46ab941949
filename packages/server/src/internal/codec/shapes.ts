import { NormalizedSchema } from "@smithy/core/schema"
import * as Names from "./names.js"

/** A member of a structure: its name in the API, and in the engine. */
export interface Member {
  readonly apiName: string
  readonly name: string
  readonly shape: Shape
  readonly isRequired: boolean
}

/** A shape of the API, as the SDK's schema has it. */
export type Shape =
  | { readonly kind: "structure"; readonly members: ReadonlyArray<Member> }
  | { readonly kind: "list" | "map"; readonly element: Shape }
  | { readonly kind: "string" | "number" | "boolean" | "timestamp" | "blob" | "other" }

type Schema = Parameters<typeof NormalizedSchema.of>[0]

const known = new Map<unknown, Shape>()

/** How many of a structure's members, the first ones, must be there. */
const requiredOf = (schema: NormalizedSchema): number => {
  const source: unknown = schema.getSchema()
  return Array.isArray(source) && typeof source[6] === "number" ? source[6] : 0
}

const structure = (schema: NormalizedSchema): Shape => {
  const source = schema.getSchema()
  const before = known.get(source)
  if (before !== undefined) return before
  const required = requiredOf(schema)
  const members = [...schema.structIterator()].map(([apiName, member], index): Member => ({
    apiName,
    name: Names.ofEngine(apiName),
    shape: ofNormalized(member),
    isRequired: index < required
  }))
  const shape: Shape = { kind: "structure", members }
  known.set(source, shape)
  return shape
}

const ofNormalized = (schema: NormalizedSchema): Shape => {
  if (schema.isStructSchema()) return structure(schema)
  if (schema.isListSchema()) return { kind: "list", element: ofNormalized(schema.getValueSchema()) }
  if (schema.isMapSchema()) return { kind: "map", element: ofNormalized(schema.getValueSchema()) }
  if (schema.isStringSchema()) return { kind: "string" }
  if (schema.isNumericSchema()) return { kind: "number" }
  if (schema.isBooleanSchema()) return { kind: "boolean" }
  if (schema.isTimestampSchema()) return { kind: "timestamp" }
  return { kind: schema.isBlobSchema() ? "blob" : "other" }
}

/** The shape of a schema of the SDK. What has none, such as an answer that says nothing, is a structure without members. */
export const of = (schema: Schema): Shape => {
  const normalized = NormalizedSchema.of(schema)
  return normalized.isUnitSchema() ? { kind: "structure", members: [] } : ofNormalized(normalized)
}

/** The shape of an answer that says nothing. */
export const nothing: Shape = { kind: "structure", members: [] }
