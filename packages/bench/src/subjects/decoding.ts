import { RecordDecoder } from "effect-kinesis"
import type { KinesisRecord } from "effect-kinesis/KinesisRecord"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { MakeSubject, Subject } from "../measure.js"

const Order = Schema.Struct({
  id: Schema.Int,
  item: Schema.String,
  quantity: Schema.Number,
  tags: Schema.Array(Schema.String)
})

const count = 10_000
const encoder = new TextEncoder()
const records: ReadonlyArray<KinesisRecord> = Array.from({ length: count }, (_, id) => ({
  stream: "orders",
  shardId: "shardId-000000000000",
  sequenceNumber: String(id),
  partitionKey: String(id % 100),
  data: encoder.encode(
    JSON.stringify({ id, item: `kettle ${id}`, quantity: id % 7, tags: ["a", "b", "x".repeat(150)] })
  ),
  approximateArrivalTimestamp: new Date(0)
}))

const pages = Stream.fromIterable([records]).pipe(Stream.flattenIterables)

/** Page after page until the time is over. */
const often = (decodePage: () => Promise<unknown>): Subject => async (millis) => {
  const end = performance.now() + millis
  let units = 0
  while (performance.now() < end) {
    await decodePage()
    units += count
  }
  return units
}

const decoder = new TextDecoder()
const decodeOrder = Schema.decodeUnknown(Schema.parseJson(Order))

const subjects: Record<string, () => Promise<unknown>> = {
  jsonParse: async () => {
    for (const record of records) JSON.parse(decoder.decode(record.data))
  },
  json: () => Effect.runPromise(pages.pipe(RecordDecoder.json(Order), Stream.runDrain)),
  mapEffect: () =>
    Effect.runPromise(pages.pipe(
      Stream.mapEffect((record) => decodeOrder(decoder.decode(record.data))),
      Stream.runDrain
    ))
}

export const make: MakeSubject = async (name) => often(subjects[name]!)
