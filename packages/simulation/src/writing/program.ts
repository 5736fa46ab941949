import * as KinesisClient from "effect-kinesis/KinesisClient"
import * as Producer from "effect-kinesis/Producer"
import type { ProducerEvent } from "effect-kinesis/ProducerEvent"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { sleepUntil, stream } from "../stream.js"
import { call, type Live } from "./callers.js"
import { unfold } from "./steps.js"
import { watch } from "./wire.js"
import type { World } from "./world.js"

const toOptions = ({ notes, scenario: { settings } }: World) => ({
  stream,
  maxInFlight: settings.maxInFlight,
  linger: settings.lingerMillis,
  maxBatchRecords: settings.maxBatchRecords,
  maxBatchBytes: settings.maxBatchBytes,
  maxBufferedBytes: settings.maxBufferedBytes,
  recordDeadline: settings.recordDeadlineMillis,
  order: settings.order,
  onFailure: settings.onFailure,
  onUnknown: settings.onUnknown,
  aggregate: settings.aggregate ?? false,
  ...(settings.hasPace ? {} : { pace: false as const }),
  closeTimeout: settings.closeTimeoutMillis,
  ...(settings.mostRetries === undefined ? {} : { retry: shortly(settings.mostRetries) }),
  onEvent: ({ _tag }: ProducerEvent) => {
    notes.count(`event: ${_tag}`)
    return notes.say(() => `event ${_tag}`)
  }
})

const shortly = (mostRetries: number) =>
  Schedule.intersect(Schedule.exponential("100 millis"), Schedule.recurs(mostRetries))

/** Makes the producer, again and again until the service lets it. */
const start = (world: World, scope: Scope.Scope): Effect.Effect<Producer.Producer<any>> =>
  Producer.make(toOptions(world)).pipe(
    Effect.provideService(KinesisClient.KinesisClient, watch(world)),
    Scope.extend(scope),
    Effect.tapError((error) => world.notes.say(() => `no producer: ${error._tag}`)),
    Effect.retry({ schedule: Schedule.spaced("1 second") }),
    Effect.orDie
  )

/** How long after everything is well all must be told. */
const patienceMillis = 10 * 60_000

/** Notes how much the producer says that it holds. */
const look = ({ notes }: World, producer: Live["producer"]): Effect.Effect<void> =>
  Effect.map(producer.stats, ({ bufferedBytes }) => {
    notes.mostBuffered = Math.max(notes.mostBuffered, bufferedBytes)
  })

/** The producer's life, from its start to its end. Returns why it did not come to that. */
export const live = (world: World): Effect.Effect<string | undefined> =>
  Effect.gen(function*() {
    const { notes, scenario } = world
    const scope = yield* Scope.make()
    const after = yield* Scope.make()
    const producer = yield* start(world, scope)
    const live = { producer, scope: after }
    notes.onRequest = look(world, producer)
    const unfolding = yield* Effect.fork(unfold(world, live))
    const calling = yield* Effect.fork(
      Effect.forEach(scenario.callers, (caller) => call(world, live, caller), {
        concurrency: "unbounded",
        discard: true
      })
    )
    const done = Effect.timeoutOption(Fiber.join(calling), scenario.healAt + patienceMillis)
    const isDone = scenario.closeAt === undefined
      ? (yield* done)._tag === "Some"
      : yield* Effect.as(sleepUntil(scenario.closeAt), true)
    if (scenario.closeAt === undefined) yield* Fiber.join(unfolding)
    else notes.count("closed in the middle")
    notes.closing.beganAt = notes.now()
    yield* notes.say(() => "-- closing")
    yield* Scope.close(scope, Exit.void)
    notes.closing.endedAt = notes.now()
    yield* notes.say(() => "-- closed")
    const isOver = isDone && (yield* done)._tag === "Some"
    yield* Fiber.join(unfolding)
    yield* Effect.sleep(60_000)
    notes.stats = yield* producer.stats
    yield* Scope.close(after, Exit.void)
    return isOver ? undefined : "callers wait for ever"
  })
