/**
 * Loads a file of orders, a line each, so that those of a customer keep their order. Small records travel together, lines that are no order
 * go elsewhere, and no more of the file is read than there is room for.
 */
import { LocalKinesis } from "@effect-kinesis/local"
import { Data, Effect, Schema, Stream } from "effect"
import { KinesisError, KinesisStream, Producer, RecordDecoder, RecordEncoder, Until } from "effect-kinesis"
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"

const Order = Schema.parseJson(Schema.Struct({ customer: Schema.String, number: Schema.Int }))

class Unreadable extends Data.TaggedError("Unreadable")<{ readonly cause: unknown }> {}

/** Lines come one by one, and are written in chunks: a chunk costs what a single record costs. */
const linesOf = (file: string) =>
  Stream.fromAsyncIterable(createInterface({ input: createReadStream(file) }), (cause) => new Unreadable({ cause }))
    .pipe(
      Stream.rechunk(1_000)
    )

/** Lines are written as they are; one that is no order throws, which fails that line alone. */
const encoder = RecordEncoder.utf8({ partitionKey: (line) => Schema.decodeSync(Order)(line).customer })

const load = (file: string) =>
  Effect.gen(function*() {
    const producer = yield* Producer.make({ stream: "orders", encoder, order: "key", aggregate: true })
    const deadLetters = producer.sinkWith({
      onFailed: ({ cause, message }) =>
        cause instanceof KinesisError.EncodeError
          ? Effect.log(`dead letter: ${cause.value}`)
          : Effect.logError(`not written: ${message}`)
    })
    return yield* Stream.run(linesOf(file), deadLetters)
  }).pipe(Effect.scoped)

const written = KinesisStream.records({ stream: "orders", from: "trim-horizon", until: Until.caughtUp }).pipe(
  RecordDecoder.utf8(),
  Stream.mapEffect(({ value }) => Schema.decode(Order)(value)),
  Stream.runCollect
)

const temporaryFile = Effect.acquireRelease(
  Effect.sync(() => {
    const folder = mkdtempSync(join(tmpdir(), "orders-"))
    const orders = Array.from({ length: 20_000 }, (_, number) => ({ customer: `customer-${number % 30}`, number }))
    const lines = [...orders.map((order) => JSON.stringify(order)), "customer 7 wants a kettle"]
    writeFileSync(join(folder, "orders.ndjson"), lines.join("\n"))
    return folder
  }),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
)

const program = Effect.gen(function*() {
  const folder = yield* temporaryFile
  const summary = yield* load(join(folder, "orders.ndjson"))
  yield* Effect.log(`${summary.written} written, ${summary.failed} failed`)
  const latest = new Map<string, number>()
  let inOrder = 0
  for (const { customer, number } of yield* written) {
    if (number > (latest.get(customer) ?? -1)) inOrder++
    latest.set(customer, number)
  }
  yield* Effect.log(`${inOrder} read in the order of their customer`)
})

Effect.runPromise(
  Effect.scoped(Effect.provide(program, LocalKinesis.layer({ streams: [{ name: "orders", shardCount: 4 }] })))
)
