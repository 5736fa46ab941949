import * as Cbor from "@smithy/core/cbor"
import type { Shape } from "./shapes.js"

/** Kinesis writes milliseconds under the tag for which the standard, and the SDK with it, has seconds. */
const perSecond = 1_000

/** A value for the SDK's serializer whose timestamps are those of Kinesis. */
export const inKinesisTime = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value
  if (value instanceof Date) return Cbor.tag({ tag: 1, value: value.getTime() })
  if (Array.isArray(value)) return value.map(inKinesisTime)
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, inKinesisTime(member)]))
}

/** Milliseconds with or without the tag; the SDK has read the tagged ones as seconds. */
const instant = (value: unknown): unknown =>
  value instanceof Date
    ? new Date(Math.round(value.getTime() / perSecond))
    : typeof value === "number"
    ? new Date(value)
    : value

const hasInstants = (shape: Shape): boolean =>
  shape.kind === "timestamp" ||
  (shape.kind === "structure" && shape.members.some((member) => hasInstants(member.shape)))

/** What the SDK has read, with the timestamps of Kinesis. They are in no list of a request. */
export const ofKinesisTime = (shape: Shape, value: any): any => {
  if (shape.kind === "timestamp") return instant(value)
  if (shape.kind !== "structure" || typeof value !== "object" || value === null || !hasInstants(shape)) return value
  const read = { ...value }
  for (const { apiName, shape: member } of shape.members) {
    if (read[apiName] !== undefined) read[apiName] = ofKinesisTime(member, read[apiName])
  }
  return read
}
