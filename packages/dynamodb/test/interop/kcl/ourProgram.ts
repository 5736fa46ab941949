/**
 * A worker of this library, told by arguments of the form name=value. Its ledger is that of `Main.java`, with its events as well. It stops in
 * order when its standard input ends.
 */
import { DynamoDbLeaseStore } from "@effect-kinesis/dynamodb"
import { Duration, Effect, Layer, Logger } from "effect"
import { Consumer, KinesisClient, type KinesisEvent, type Position } from "effect-kinesis"
import { openSync, writeSync } from "node:fs"
import { reach } from "../../support/table.js"

const options = Object.fromEntries(
  process.argv.slice(2).map((it) => {
    const split = it.indexOf("=")
    return [it.slice(0, split), it.slice(split + 1)]
  })
)
const ledger = openSync(options["ledger"]!, "w")
const tell = (what: string, shardId: string, ...details: ReadonlyArray<unknown>): void => {
  writeSync(ledger, `${[Date.now(), what, shardId, ...details].join("\t")}\n`)
}

const stopAfter = Number(options["stopAfter"])
const handled = new Map<string, number>()

const placeOf = (position: Position.Position): string =>
  "sequenceNumber" in position ? position.sequenceNumber : position._tag

const told = (event: KinesisEvent.KinesisEvent): void => {
  switch (event._tag) {
    case "LeaseAcquired":
      return tell("began", event.shardId, placeOf(event.from), event.because)
    case "Subscribed":
      return tell("subscribed", event.shardId)
    case "LeaseLost":
      return tell("lost", event.shardId, event.description)
    case "LeaseReleased":
      return tell("released", event.shardId)
    case "HandoffRequested":
    case "HandoffUnanswered":
      return tell(event._tag, event.shardId, event.owner)
    case "LeaseStoreFailed":
      return tell(event._tag, event.shardId ?? "-", event.operation, event.error._tag)
    default:
      return undefined
  }
}

const program = Effect.gen(function*() {
  const consumer = yield* Consumer.make({
    application: options["application"]!,
    stream: options["stream"]!,
    from: options["from"] === "LATEST" ? "latest" : "trim-horizon",
    worker: options["worker"]!,
    leaseDuration: Duration.millis(Number(options["leaseMillis"])),
    drainTimeout: Duration.millis(Number(options["stopMillis"])),
    pollInterval: "500 millis",
    fanOut: options["reading"] === "fan-out",
    onEvent: (event) => Effect.sync(() => told(event)),
    handler: (record, { shardId }) =>
      Effect.suspend(() => {
        const before = handled.get(shardId) ?? 0
        if (before === stopAfter) return Effect.never
        handled.set(shardId, before + 1)
        const { data, partitionKey, sequenceNumber, subSequenceNumber = 0 } = record
        tell("record", shardId, sequenceNumber, subSequenceNumber, partitionKey, new TextDecoder().decode(data))
        return Effect.sleep(Duration.millis(Number(options["pauseMillis"])))
      })
  })
  const inputEnded = Effect.async<void>((resume) => {
    process.stdin.once("end", () => resume(Effect.void)).resume()
  })
  yield* Effect.fork(Effect.zipRight(inputEnded, consumer.shutdown(stopAfter < 0 ? undefined : "0 millis")))
  yield* consumer.run
  tell("stopped", "-", true)
})

const layers = Layer.mergeAll(
  KinesisClient.layer({ ...reach(options["kinesis"]!), protocol: "json" }),
  DynamoDbLeaseStore.layer({ ...reach(options["dynamodb"]!), requestTimeout: "8 seconds" }),
  Logger.logFmt
)

const exit = await Effect.runPromiseExit(Effect.provide(Effect.scoped(program), layers))
if (exit._tag === "Failure") tell("failed", "-", exit.cause.toString().replaceAll(/\s+/g, " "))
process.exit(exit._tag === "Failure" ? 1 : 0)
