import { Chunk, Effect, Either, FastCheck as fc, Stream } from "effect"
import type { KinesisError, KinesisRecord, RecordDecoder } from "effect-kinesis"

const encoder = new TextEncoder()

/** A record of the stream "orders", such as a decoder takes. */
export const recordOf = (data: Uint8Array | string, stream = "orders"): KinesisRecord.KinesisRecord => ({
  stream,
  shardId: "shardId-000000000007",
  sequenceNumber: "7",
  partitionKey: "k",
  data: typeof data === "string" ? encoder.encode(data) : data,
  approximateArrivalTimestamp: new Date(0)
})

type Eithers<A> = RecordDecoder.Decoder<Either.Either<RecordDecoder.Decoded<A>, KinesisError.DecodeError>>

/** What a decoder that gives an `Either` makes of a record: values, and the descriptions of errors. */
export const outcomesOf = <A>(decode: Eithers<A>, data: Uint8Array | string) =>
  Effect.map(
    Stream.runCollect(decode(Stream.make(recordOf(data)))),
    (results) =>
      Chunk.toReadonlyArray(results).map(
        Either.match({
          onLeft: (error: KinesisError.DecodeError): unknown => ({ error: error.description }),
          onRight: (decoded: RecordDecoder.Decoded<A>): unknown => decoded.value
        })
      )
  )

/** A value printed in some style: narrow, wide, or with blanks around. */
const printed = fc.tuple(fc.jsonValue(), fc.constantFrom(undefined, 1, 2, "\t"), fc.constantFrom("", " ", "\r\n"))
  .map(([value, indent, around]) => `${around}${JSON.stringify(value, null, indent)}${around}`)
const between = fc.constantFrom("", "", "", " ", "\n", "\r\n\t", "\x1e", "\n\x1e", "\n\ufeff")

/** Values one after the other, with a blank where two of them would run into one. */
export const sequences = fc.array(fc.tuple(printed, between), { minLength: 1, maxLength: 8 }).map((parts) => {
  let text = ""
  for (const [value, before] of parts) {
    const runsOn = /[\w.+-]$/.test(text) && /^[\w.+-]/.test(value) && before === ""
    text += runsOn ? ` ${value}` : before + value
  }
  return { text, values: parts.map(([value]) => JSON.parse(value) as unknown) }
})
