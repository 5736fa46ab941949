/**
 * One worker of a fleet, a whole program: it reads its share of a stream, prints what it handles, and hands its shards off on SIGTERM. Any
 * number may run, on any number of machines. It finds the services like every program that uses the AWS SDK.
 */
import * as DynamoDbLeaseStore from "@effect-kinesis/dynamodb/DynamoDbLeaseStore"
import * as Consumer from "effect-kinesis/Consumer"
import * as KinesisClient from "effect-kinesis/KinesisClient"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Report from "./fleet/Report.js"
import { Order } from "./Order.js"

const options = Config.all({
  application: Config.string("APPLICATION"),
  stream: Config.string("STREAM"),
  worker: Config.string("WORKER"),
  leaseDuration: Config.duration("LEASE_DURATION"),
  balanceInterval: Config.duration("BALANCE_INTERVAL"),
  discoveryInterval: Config.duration("DISCOVERY_INTERVAL"),
  fanOut: Config.withDefault(Config.boolean("FAN_OUT"), false)
})

/** How long an order is worked on. */
const orderDuration = Config.duration("ORDER_DURATION")

/** A pipe takes the line at once: reported lines survive when this process is killed. */
const say = (report: Report.Report) => Effect.sync(() => void process.stdout.write(Report.toLine(report)))

const decodeOrder = Schema.decodeUnknown(Schema.parseJson(Order))
const decoder = new TextDecoder()

/** SIGTERM or SIGINT: the first lets handlers in progress finish, the second does not. */
const signals = Effect.gen(function*() {
  const first = yield* Deferred.make<void>()
  const second = yield* Deferred.make<void>()
  let count = 0
  const onSignal = () => void Deferred.unsafeDone(++count === 1 ? first : second, Effect.void)
  yield* Effect.acquireRelease(
    Effect.sync(() => process.on("SIGTERM", onSignal).on("SIGINT", onSignal)),
    () => Effect.sync(() => process.off("SIGTERM", onSignal).off("SIGINT", onSignal))
  )
  return { first: Deferred.await(first), second: Deferred.await(second) }
})

const program = Effect.gen(function*() {
  const stop = yield* signals
  const duration = yield* orderDuration
  const making = Consumer.make({
    ...yield* options,
    from: "trim-horizon",
    idleInterval: "250 millis",
    concurrency: 8,
    handler: (record, { fencingToken }) =>
      Effect.gen(function*() {
        const { customer, number } = yield* decodeOrder(decoder.decode(record.data))
        yield* Effect.sleep(duration)
        const at = yield* Clock.currentTimeMillis
        const { sequenceNumber, shardId } = record
        yield* say({ _tag: "Handled", at, shardId, sequenceNumber, fencingToken, key: customer, number })
      }),
    onEvent: (event) =>
      Effect.flatMap(Clock.currentTimeMillis, (at) => say({ _tag: "Happened", at, event: Report.ofEvent(event) })),
    stopWhen: stop.first
  })
  const consumer = yield* Effect.raceFirst(making, Effect.zipRight(stop.first, Effect.interrupt))
  yield* Effect.forkScoped(Effect.zipRight(stop.second, consumer.shutdown("0 millis")))
  yield* say({ _tag: "Started", at: yield* Clock.currentTimeMillis, worker: consumer.worker })
  const { cut, drained } = yield* consumer.run
  yield* say({ _tag: "Left", at: yield* Clock.currentTimeMillis, drained, cut })
}).pipe(
  Effect.scoped,
  Effect.provide(Layer.merge(KinesisClient.layer(), DynamoDbLeaseStore.layer()))
)

/** This process ends by itself, when nothing is left to do. */
Effect.runFork(program).addObserver((exit) => {
  if (Exit.isSuccess(exit) || Cause.isInterruptedOnly(exit.cause)) return
  process.stderr.write(`${Cause.pretty(exit.cause)}\n`)
  process.exitCode = 1
})
