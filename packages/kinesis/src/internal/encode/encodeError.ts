import * as Schema from "effect/Schema"
import { messageOf, quoted } from "../text/describe.js"

/** What an error says of a value of which no record can be made. */
export const fields = {
  /** Which part of the record there is none of. */
  field: Schema.Literal("data", "partitionKey", "explicitHashKey"),
  /** The value, as the encoder was given it. */
  value: Schema.Unknown,
  /** What is wrong. It names places in the value, and quotes nothing of it. */
  description: Schema.String,
  /** What a function of yours threw. */
  cause: Schema.optional(Schema.Defect)
}

type Fields = Schema.Struct.Type<typeof fields>

export const message = ({ description, field }: Fields): string => `no record, invalid ${field}: ${description}`

const base64 = (data: Uint8Array): string =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64")

/** A value as JSON, with bytes in base64 and bigints as text; where it has none, as a message quotes it. */
const plain = (value: unknown): unknown => {
  try {
    const text = JSON.stringify(value, (_, member: unknown) => {
      if (member instanceof Uint8Array) return base64(member)
      return typeof member === "bigint" ? String(member) : member
    })
    return JSON.parse(text) as unknown
  } catch {
    return quoted(value)
  }
}

/** The fields as plain JSON, the value too; the cause as text where it says more than the description. */
export const json = (error: Fields): Readonly<Record<string, unknown>> => {
  const { cause, description, field, value } = error
  const reason = cause === undefined ? undefined : messageOf(cause)
  return {
    _tag: "EncodeError",
    message: message(error),
    field,
    value: plain(value),
    description,
    cause: reason === undefined || description.endsWith(reason) ? undefined : reason
  }
}
