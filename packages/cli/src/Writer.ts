import type { KinesisApi, KinesisClient, KinesisError } from "effect-kinesis"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { batch, Order } from "./Order.js"

const batchEveryMillis = 100

const encodeOrder = Schema.encodeSync(Schema.parseJson(Order))
const encoder = new TextEncoder()

const toEntry = (order: Order): KinesisApi.PutRecordsEntry => ({
  data: encoder.encode(encodeOrder(order)),
  partitionKey: order.customer
})

export interface Options {
  readonly client: KinesisClient.Service
  readonly stream: string
  readonly customers: number
  /** Called with each order that the service accepted, and where it is. */
  readonly onWritten: (order: Order, where: { readonly shardId: string; readonly sequenceNumber: string }) => void
}

/** Writes all of them, sending refused ones again. */
const write = (options: Options, orders: ReadonlyArray<Order>): Effect.Effect<void, KinesisError.KinesisError> =>
  Effect.gen(function*() {
    const { client, onWritten, stream } = options
    const answer = yield* client.putRecords({ stream, records: orders.map(toEntry) })
    const refused: Array<Order> = []
    for (const [i, result] of answer.records.entries()) {
      if (result.errorCode === undefined) onWritten(orders[i]!, result)
      else refused.push(orders[i]!)
    }
    if (refused.length > 0) yield* Effect.delay(write(options, refused), batchEveryMillis)
  })

/** An order of each customer, ten times per second, forever. An interruption waits for the call in progress. */
export const run = (options: Options): Effect.Effect<void, KinesisError.KinesisError> => {
  let number = 0
  return Effect.suspend(() => write(options, batch(number++, options.customers))).pipe(
    Effect.uninterruptible,
    Effect.repeat(Schedule.fixed(batchEveryMillis)),
    Effect.asVoid
  )
}
