import * as Names from "./names.js"
import type { Member, Shape } from "./shapes.js"

/** A body is not what the API's shapes say: AWS cannot read it, or finds that something is missing. */
export class BadRequest extends Error {
  constructor(readonly type: "SerializationException" | "ValidationException", message: string) {
    super(message)
  }
}

const javaNames = {
  structure: "an object",
  list: "a list",
  map: "an object",
  string: "a String",
  number: "a number",
  boolean: "a Boolean",
  timestamp: "a Timestamp",
  blob: "a Blob",
  other: "a value"
}

const unreadable = ({ kind }: Shape, path: string): BadRequest =>
  new BadRequest("SerializationException", `${path === "" ? "The body" : path} must be ${javaNames[kind]}.`)

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)

const isScalar = (kind: Shape["kind"], value: unknown): boolean => {
  switch (kind) {
    case "timestamp":
      return value instanceof Date && !Number.isNaN(value.getTime())
    case "blob":
      return value instanceof Uint8Array
    case "other":
      return true
    default:
      return typeof value === kind
  }
}

const readStructure = (members: ReadonlyArray<Member>, value: Readonly<Record<string, unknown>>, path: string) => {
  const read: Record<string, unknown> = {}
  for (const { apiName, name, shape } of members) {
    const given = value[apiName]
    if (given === undefined || given === null) continue
    read[name] = readAt(shape, given, path === "" ? apiName : `${path}.${apiName}`)
  }
  return read
}

const readAt = (shape: Shape, value: unknown, path: string): unknown => {
  switch (shape.kind) {
    case "structure":
      if (!isPlain(value)) throw unreadable(shape, path)
      return readStructure(shape.members, value, path)
    case "list": {
      if (!Array.isArray(value)) throw unreadable(shape, path)
      const { element } = shape
      return value.map((each, index) => readAt(element, each, `${path}.${index + 1}`))
    }
    case "map": {
      if (!isPlain(value)) throw unreadable(shape, path)
      const { element } = shape
      return Object.fromEntries(
        Object.entries(value).map(([key, each]) => [key, readAt(element, each, `${path}.${key}`)])
      )
    }
    default:
      if (!isScalar(shape.kind, value)) throw unreadable(shape, path)
      return value
  }
}

/** The required members that are not there, as AWS names their places. */
const missing = (shape: Shape, value: unknown, path: string): ReadonlyArray<string> => {
  switch (shape.kind) {
    case "structure":
      return shape.members.flatMap(({ apiName, isRequired, name, shape }) => {
        const place = `${path}${Names.inMessages(apiName)}`
        const given = (value as Readonly<Record<string, unknown>>)[name]
        if (given !== undefined) return missing(shape, given, `${place}.`)
        return isRequired ? [place] : []
      })
    case "list":
      return shape.element.kind === "structure"
        ? (value as ReadonlyArray<unknown>).flatMap((each, index) =>
          missing(shape.element, each, `${path}${index + 1}.member.`)
        )
        : []
    default:
      return []
  }
}

/** A request in the engine's names, when everything in it has the type that it should. Throws a `BadRequest` otherwise. */
export const read = (shape: Shape, value: unknown): any => {
  const request = readAt(shape, value, "")
  const absent = missing(shape, request, "")
  if (absent.length === 0) return request
  const found = `${absent.length} validation error${absent.length === 1 ? "" : "s"} detected`
  const each = absent.map((place) => `Value null at '${place}' failed to satisfy constraint: Member must not be null`)
  throw new BadRequest("ValidationException", `${found}: ${each.join("; ")}`)
}
