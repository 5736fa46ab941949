/**
 * A program that writes orders of its own customers to a stream, ten at a time, until SIGTERM or the last one. It reports what became of each, as
 * soon as that is told, and how its producer stood at the end.
 */
import * as KinesisClient from "effect-kinesis/KinesisClient"
import * as Producer from "effect-kinesis/Producer"
import type { PutError } from "effect-kinesis/ProducerError"
import * as RecordEncoder from "effect-kinesis/RecordEncoder"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import { batch, Order } from "../../src/Order.js"

/** What became of one order. */
export type Told =
  | { readonly _tag: "Written"; readonly key: string; readonly number: number; readonly receipt: Producer.Receipt }
  | { readonly _tag: "GivenUp"; readonly key: string; readonly number: number; readonly message: string }

export type Report = Told | { readonly _tag: "Started" } | { readonly _tag: "Ended"; readonly stats: Producer.Stats }

const options = Config.all({
  stream: Config.string("STREAM"),
  writer: Config.string("WRITER"),
  order: Config.literal("none", "key")("ORDER"),
  aggregate: Config.boolean("AGGREGATE"),
  batches: Config.integer("BATCHES")
})

const customers = 10

/** A server on a busy machine is slow: a writer waits for it, rather than to fill it with requests or to give anything up. */
const patient = { linger: "50 millis", maxBufferedBytes: 32 * 1024, recordDeadline: Duration.infinity } as const

/** A pipe takes the line at once: what was reported survives when this process is killed. */
const say = (report: Report) => Effect.sync(() => void process.stdout.write(`${JSON.stringify(report)}\n`))

const told = ({ customer: key, number }: Order, outcome: Either.Either<Producer.Receipt, PutError>): Told =>
  Either.match(outcome, {
    onLeft: ({ message }) => ({ _tag: "GivenUp", key, number, message }),
    onRight: (receipt) => ({ _tag: "Written", key, number, receipt })
  })

const program = Effect.gen(function*() {
  const stop = { isAsked: false }
  process.on("SIGTERM", () => {
    stop.isAsked = true
  })
  const { batches, writer, ...writing } = yield* options
  const encoder = RecordEncoder.json(Order, { partitionKey: ({ customer }) => customer })
  const producer = yield* Producer.make({ ...writing, ...patient, encoder })
  const reports = yield* FiberSet.make()
  const write = (order: Order) =>
    Effect.flatMap(
      producer.offer(order),
      (outcome) => FiberSet.run(reports, Effect.flatMap(Effect.either(outcome), (outcome) => say(told(order, outcome))))
    )
  yield* say({ _tag: "Started" })
  for (let number = 0; number < batches && !stop.isAsked; number++) {
    const orders = batch(number, customers).map((order) =>
      new Order({ ...order, customer: `${writer}/${order.customer}` })
    )
    yield* Effect.forEach(orders, write, { discard: true })
    yield* Effect.sleep("100 millis")
  }
  yield* producer.flush
  yield* FiberSet.awaitEmpty(reports)
  yield* say({ _tag: "Ended", stats: yield* producer.stats })
}).pipe(Effect.scoped, Effect.provide(KinesisClient.layer()))

Effect.runFork(program).addObserver((exit) => {
  if (Exit.isSuccess(exit)) process.exit(0)
  process.stderr.write(`${Cause.pretty(exit.cause)}\n`)
  process.exit(1)
})
