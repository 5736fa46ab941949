import { RecordEncoder, SchemaCompiler } from "effect-kinesis"
import * as Schema from "effect/Schema"
import type { MakeSubject, Subject } from "../measure.js"

const Order = Schema.Struct({
  id: Schema.Int,
  placed: Schema.Date,
  note: Schema.NullOr(Schema.String),
  items: Schema.Array(Schema.Struct({ name: Schema.String, quantity: Schema.Number }))
})

const count = 1_000
const orders = (note: string | null): ReadonlyArray<typeof Order.Type> =>
  Array.from({ length: count }, (_, id) => ({
    id,
    placed: new Date(id),
    note,
    items: Array.from({ length: 4 }, (_, index) => ({ name: `kettle ${id} ${index}`, quantity: id % 7 }))
  }))

const keyOf = ({ id }: typeof Order.Type): string => String(id % 100)

const text = new TextEncoder()

/** What is left when nothing is checked. */
const bare = (encode: (order: unknown) => unknown) => (order: typeof Order.Type) => ({
  data: text.encode(JSON.stringify(encode(order))),
  partitionKey: keyOf(order)
})

/** Order after order until the time is over; the last record is kept, lest nothing be made. */
const often =
  (encode: (order: typeof Order.Type) => unknown, values = orders("fragile")): Subject => async (millis) => {
    const end = performance.now() + millis
    let units = 0
    let last: unknown
    while (performance.now() < end) {
      for (const order of values) last = encode(order)
      units += count
    }
    return last === undefined ? 0 : units
  }

const encoder = RecordEncoder.json(Order, { partitionKey: keyOf })
const compiled = SchemaCompiler.encodeUnknownSync(Order)

const subjects: Record<string, () => Subject> = {
  bare: () => often(bare(compiled)),
  json: () => often(encoder.encodeRecord),
  bareNull: () => often(bare(compiled), orders(null)),
  jsonNull: () => often(encoder.encodeRecord, orders(null)),
  effect: () => often(bare(Schema.encodeUnknownSync(Order)))
}

export const make: MakeSubject = async (name) => subjects[name]!()
