/**
 * Reads orders, several in a record, by a schema. After each one it stores the shard's position, is killed in the middle of a record, and goes
 * on in a second run: no order is lost, and the first ones of that record come again.
 */
import { LocalKinesis } from "@effect-kinesis/local"
import { Data, Effect, Schema, Stream } from "effect"
import { KinesisClient, KinesisStream, Position, RecordDecoder, Until } from "effect-kinesis"

const Order = Schema.Struct({ id: Schema.Int, item: Schema.String })

/** Positions by shard, as a file or a database would keep them. */
const Positions = Schema.parseJson(Schema.Record({ key: Schema.String, value: Position.Position }))

let stored = "{}"

const store = (shardId: string, position: Position.Position) =>
  Effect.gen(function*() {
    const positions = yield* Schema.decode(Positions)(stored)
    stored = yield* Schema.encode(Positions)({ ...positions, [shardId]: position })
  })

class Killed extends Data.TaggedError("Killed") {}

const readOn = (run: string, killedAfter?: number) =>
  Effect.gen(function*() {
    const positions = yield* Schema.decode(Positions)(stored)
    const options = { stream: "orders", from: "trim-horizon", positions, until: Until.caughtUp } as const
    yield* KinesisStream.records(options).pipe(
      RecordDecoder.ndjson(Order),
      Stream.runForEach((order) =>
        Effect.gen(function*() {
          yield* Effect.log(`${run} run: order ${order.value.id}, ${order.value.item}`)
          yield* store(order.shardId, Position.after(order))
          if (order.value.id === killedAfter) return yield* new Killed()
        })
      )
    )
  })

const put = (...orders: ReadonlyArray<typeof Order.Type>) =>
  Effect.flatMap(KinesisClient.KinesisClient, (client) =>
    client.putRecord({
      stream: "orders",
      partitionKey: "shop",
      data: new TextEncoder().encode(orders.map((order) => JSON.stringify(order)).join("\n"))
    }))

const program = Effect.gen(function*() {
  yield* put({ id: 1, item: "kettle" })
  yield* put({ id: 2, item: "teapot" }, { id: 3, item: "cup" }, { id: 4, item: "spoon" })
  yield* put({ id: 5, item: "sieve" })
  yield* Effect.catchTag(readOn("first", 3), "Killed", () => Effect.log("killed"))
  yield* readOn("second")
})

Effect.runPromise(Effect.provide(program, LocalKinesis.layer({ streams: [{ name: "orders", shardCount: 2 }] })))
