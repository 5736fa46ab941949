/**
 * Reads orders of which some cannot be read, and sends those to a dead-letter queue, with their bytes. The queue is a service: the reader
 * fails with what it fails with, and needs it.
 */
import { LocalKinesis } from "@effect-kinesis/local"
import { Context, Data, Effect, Schema, Stream } from "effect"
import { KinesisClient, KinesisStream, RecordDecoder, Until } from "effect-kinesis"

const Order = Schema.Struct({ id: Schema.Int })

class QueueDown extends Data.TaggedError("QueueDown") {}

class DeadLetters extends Context.Tag("DeadLetters")<DeadLetters, {
  readonly send: (body: string) => Effect.Effect<void, QueueDown>
}>() {}

const orders = KinesisStream.records({ stream: "orders", from: "trim-horizon", until: Until.caughtUp }).pipe(
  RecordDecoder.ndjson(Order, {
    onInvalid: (error) => Effect.flatMap(DeadLetters, ({ send }) => send(JSON.stringify(error)))
  }),
  Stream.runForEach(({ value }) => Effect.log(`order ${value.id}`)),
  Effect.catchTag("QueueDown", () => Effect.logError("the dead-letter queue is down"))
)

/** What is in the queue: the place, what is wrong, and the bytes of the record. */
const Letter = Schema.parseJson(Schema.Struct({
  sequenceNumber: Schema.String,
  line: Schema.Int,
  description: Schema.String,
  data: Schema.Uint8ArrayFromBase64
}))

const program = Effect.gen(function*() {
  const client = yield* KinesisClient.KinesisClient
  const queue: Array<string> = []
  const put = (text: string) =>
    client.putRecord({ stream: "orders", partitionKey: "shop", data: new TextEncoder().encode(text) })
  yield* put("{\"id\":1}\n{\"id\":two}\n{\"id\":3}")
  yield* put("{\"id\":4}")
  yield* Effect.provideService(orders, DeadLetters, { send: (body) => Effect.sync(() => void queue.push(body)) })
  for (const body of queue) {
    const { data, description, line } = yield* Schema.decode(Letter)(body)
    const text = new TextDecoder().decode(data).split("\n")[line - 1]
    yield* Effect.log(`dead letter: ${description}: ${text}`)
  }
})

Effect.runPromise(Effect.provide(program, LocalKinesis.layer({ streams: [{ name: "orders" }] })))
