/**
 * A web handler that never waits for Kinesis: it takes a click if there is room for it and answers at once, refuses it if there is none, and logs
 * what could not be written afterwards. Here more clicks come at once than there is room for.
 */
import { LocalKinesis } from "@effect-kinesis/local"
import { Effect, Layer, Option, Schema } from "effect"
import { Producer, RecordEncoder } from "effect-kinesis"

const Click = Schema.Struct({ user: Schema.String, page: Schema.String })

class Clicks extends Producer.Tag<Clicks, typeof Click.Type>()("Clicks") {}

const live = Clicks.layer({
  stream: "clicks",
  encoder: RecordEncoder.json(Click, { partitionKey: ({ user }) => user }),
  maxBufferedBytes: 64 * 1024,
  recordDeadline: "10 seconds"
})

/** The status of the answer: after 503 the browser may try again, since nothing was taken. */
const handle = (body: string) =>
  Effect.gen(function*() {
    const click = yield* Schema.decode(Schema.parseJson(Click))(body)
    const clicks = yield* Clicks
    const taken = yield* clicks.tryOffer(click)
    if (Option.isNone(taken)) return 503
    yield* Effect.forkDaemon(Effect.tapError(taken.value, (error) => Effect.logError(error.message)))
    return 202
  }).pipe(Effect.catchTags({
    ParseError: () => Effect.succeed(400),
    ProducerClosed: () => Effect.succeed(503)
  }))

const bodies = Array.from({ length: 1_000 }, (_, user) => JSON.stringify({ user: `user-${user}`, page: "/kettles" }))

const program = Effect.gen(function*() {
  const statuses = yield* Effect.forEach([...bodies, "no JSON"], handle, { concurrency: "unbounded" })
  const clicks = yield* Clicks
  yield* clicks.flush
  const { failed, written } = yield* clicks.stats
  const count = (status: number) => statuses.filter((each) => each === status).length
  yield* Effect.log(
    `${count(202)} taken, ${count(503)} refused, ${count(400)} invalid; ${written} written, ${failed} failed`
  )
})

const kinesis = LocalKinesis.layer({ streams: [{ name: "clicks", shardCount: 2 }], latency: "20 millis" })
// const kinesis = KinesisClient.layer({ region: "eu-west-1" })

Effect.runPromise(Effect.provide(program, Layer.provide(live, kinesis)))
