/** Reads what is there, keeps each shard's position, and goes on from there in a second run, as after a restart. */
import { LocalKinesis } from "@effect-kinesis/local"
import { Effect, Schema, Stream } from "effect"
import { KinesisClient, KinesisStream, Position, Until } from "effect-kinesis"

const put = (text: string) =>
  Effect.flatMap(
    KinesisClient.KinesisClient,
    (client) => client.putRecord({ stream: "orders", partitionKey: text, data: new TextEncoder().encode(text) })
  )

/** Positions by shard, as a file or a database would keep them. */
const Stored = Schema.parseJson(Schema.Record({ key: Schema.String, value: Position.Position }))

const readOn = (positions: Readonly<Record<string, Position.Position>>) =>
  Effect.gen(function*() {
    const next: Record<string, Position.Position> = { ...positions }
    const options = { stream: "orders", from: "trim-horizon", positions, until: Until.caughtUp } as const
    yield* Stream.runForEach(KinesisStream.pages(options), (page) =>
      Effect.gen(function*() {
        for (const record of page.records) yield* Effect.log(new TextDecoder().decode(record.data))
        next[page.shardId] = page.position
      }))
    return next
  })

const program = Effect.gen(function*() {
  yield* put("first run")
  const stored = yield* Schema.encode(Stored)(yield* readOn({}))
  yield* put("second run")
  yield* readOn(yield* Schema.decode(Stored)(stored))
})

Effect.runPromise(Effect.provide(program, LocalKinesis.layer({ streams: [{ name: "orders", shardCount: 2 }] })))
