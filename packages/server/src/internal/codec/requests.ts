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

/** A body that is being read. */
interface Reading {
  /** The members and indices that lead to where the reading is. */
  readonly places: Array<string | number>
  /** The required members that are not there, as AWS names their places. */
  readonly absent: Array<string>
}

const unreadable = ({ kind }: Shape, { places }: Reading): BadRequest =>
  new BadRequest(
    "SerializationException",
    `${places.length === 0 ? "The body" : places.join(".")} must be ${javaNames[kind]}.`
  )

/** The place of a member, as AWS's checks name it: `records.1.member.data`. */
const placeOf = ({ places }: Reading, apiName: string): string =>
  [...places, apiName].map((place) => typeof place === "number" ? `${place}.member` : Names.inMessages(place)).join(".")

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

const readStructure = (
  members: ReadonlyArray<Member>,
  value: Readonly<Record<string, unknown>>,
  reading: Reading
): Record<string, unknown> => {
  const read: Record<string, unknown> = {}
  for (const { apiName, isRequired, name, shape } of members) {
    const given = value[apiName]
    if (given !== undefined && given !== null) {
      reading.places.push(apiName)
      read[name] = readAt(shape, given, reading)
      reading.places.pop()
    } else if (isRequired) reading.absent.push(placeOf(reading, apiName))
  }
  return read
}

const readList = (element: Shape, values: ReadonlyArray<unknown>, reading: Reading): ReadonlyArray<unknown> =>
  values.map((each, index) => {
    reading.places.push(index + 1)
    const read = readAt(element, each, reading)
    reading.places.pop()
    return read
  })

const readMap = (element: Shape, value: Readonly<Record<string, unknown>>, reading: Reading): object =>
  Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      reading.places.push(key)
      const read = readAt(element, each, reading)
      reading.places.pop()
      return [key, read]
    })
  )

const readAt = (shape: Shape, value: unknown, reading: Reading): unknown => {
  switch (shape.kind) {
    case "structure":
      if (!isPlain(value)) throw unreadable(shape, reading)
      return readStructure(shape.members, value, reading)
    case "list":
      if (!Array.isArray(value)) throw unreadable(shape, reading)
      return readList(shape.element, value, reading)
    case "map":
      if (!isPlain(value)) throw unreadable(shape, reading)
      return readMap(shape.element, value, reading)
    default:
      if (!isScalar(shape.kind, value)) throw unreadable(shape, reading)
      return value
  }
}

/** A request in the engine's names, when everything in it has the type that it should. Throws a `BadRequest` otherwise. */
export const read = (shape: Shape, value: unknown): any => {
  const reading: Reading = { places: [], absent: [] }
  const request = readAt(shape, value, reading)
  const { absent } = reading
  if (absent.length === 0) return request
  const found = `${absent.length} validation error${absent.length === 1 ? "" : "s"} detected`
  const each = absent.map((place) => `Value null at '${place}' failed to satisfy constraint: Member must not be null`)
  throw new BadRequest("ValidationException", `${found}: ${each.join("; ")}`)
}
