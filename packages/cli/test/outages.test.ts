import { LocalKinesis } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream, TestClock } from "effect"
import { KinesisClient, KinesisError, KinesisEvent, KinesisStream, LeaseStoreError, Position } from "effect-kinesis"
import * as EventText from "../src/EventText.js"
import * as Layout from "../src/Layout.js"
import * as Outages from "../src/Outages.js"
import * as ReadView from "../src/ReadView.js"

const { CallFailed, LeaseStoreFailed, OutageBegan, OutageEnded, PageRead, Throttled } = KinesisEvent.KinesisEvent

const refused = (operation: string, shardId?: string) =>
  new KinesisError.ServiceUnavailable({
    operation,
    stream: "orders",
    shardId,
    description: "connect ECONNREFUSED 127.0.0.1:4568; nothing listens there: check the endpoint",
    cause: Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:4568"), { code: "ECONNREFUSED" })
  })

const began = (error = refused("ListShards")) =>
  OutageBegan({ service: "kinesis", operation: error.operation, shardId: error.shardId, error, since: 0, attempts: 1 })
const ended = OutageEnded({ service: "kinesis", millis: 9_000, attempts: 7 })
const failed = (shardId?: string) =>
  CallFailed({ operation: "GetRecords", shardId, error: refused("GetRecords", shardId) })
const page = PageRead({ shardId: "s1", records: 0, bytes: 0, millisBehindLatest: 0, position: Position.trimHorizon })

/** The lines that a view has of events. */
const linesOf = (events: ReadonlyArray<KinesisEvent.KinesisEvent>): ReadonlyArray<string> => {
  let outages = Outages.none
  return events.flatMap((event) => {
    const line = Outages.isRepetition(outages, event) ? undefined : EventText.describe(event)
    outages = Outages.happened(outages, event)
    return line === undefined ? [] : [line]
  })
}

const beginning = "Kinesis cannot be used: connect ECONNREFUSED 127.0.0.1:4568; nothing listens there: check --endpoint"
const end = "Kinesis can be used again: 7 calls failed in 9.0 s"

describe("an outage in the view", () => {
  it("has a line when it begins and one when it ends; its attempts have none", () => {
    const throttled = Throttled({
      operation: "GetRecords",
      shardId: "s1",
      error: new KinesisError.ThrottledError({ operation: "GetRecords", description: "", reason: "limit" })
    })
    assert.deepStrictEqual(linesOf([began(), failed(), failed("s1"), throttled, ended, page]), [beginning, end])
    assert.strictEqual(linesOf([began(), ended, failed("s1")]).length, 3)
  })

  it("is not hidden by the attempts that come before it: what fails for one shard after the other has one line", () => {
    const attempt = "s1  connect ECONNREFUSED 127.0.0.1:4568; nothing listens there: check --endpoint; trying again"
    assert.deepStrictEqual(linesOf([failed("s1"), failed("s2"), failed("s1"), began(), ended]), [
      attempt,
      beginning,
      end
    ])
    assert.deepStrictEqual(linesOf([failed("s1"), page, failed("s1")]), [attempt, attempt])
  })

  it("is that of one service", () => {
    const error = new LeaseStoreError.LeaseStoreError({
      operation: "Scan",
      reason: "Unavailable",
      description: "connect ECONNREFUSED 127.0.0.1:8000"
    })
    const stored = LeaseStoreFailed({ operation: "Scan", shardId: undefined, error })
    assert.strictEqual(linesOf([began(), stored]).length, 2)
    assert.strictEqual(linesOf([began(), { ...began(), service: "lease-store", error }, stored]).length, 2)
  })

  it("shows its cause and what to do about it in 80 columns", () => {
    const size = { columns: 80, rows: 24 }
    const pace = { now: 0, elapsedMillis: 2500, totalMillis: 8000, recordsPerSecond: 0 }
    const view = linesOf([began(), failed()]).reduce(ReadView.said, ReadView.begin("orders"))
    assert.deepStrictEqual(ReadView.screen(view, pace, size).slice(3), [
      "  Kinesis cannot be used: connect ECONNREFUSED 127.0.0.1:4568; nothing listens",
      "    there: check --endpoint"
    ])
  })

  it.effect("is told so by a reader: before its first answer, and later", () =>
    Effect.gen(function*() {
      const { client, local } = yield* LocalKinesis.make({ streams: [{ name: "orders", shardCount: 4 }] })
      const events: Array<KinesisEvent.KinesisEvent> = []
      yield* local.fail({ error: refused, times: Infinity })
      const reading = yield* Effect.fork(
        KinesisStream.pages({
          stream: "orders",
          from: "trim-horizon",
          onEvent: (event) => Effect.sync(() => void events.push(event))
        }).pipe(Stream.runDrain, Effect.provideService(KinesisClient.KinesisClient, client))
      )
      const ofOutages = () => linesOf(events).filter((line) => /ECONNREFUSED|used again/.test(line))
      yield* TestClock.adjust("9 seconds")
      assert.deepStrictEqual(ofOutages(), [beginning])
      yield* local.clearFaults
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(ofOutages().length, 2)
      yield* local.fail({ error: refused, times: Infinity })
      yield* TestClock.adjust("30 seconds")
      const later = ofOutages().slice(2)
      assert.strictEqual(later.length, 2, later.join("\n"))
      assert.strictEqual(later.at(-1), beginning)
      yield* Fiber.interrupt(reading)
    }).pipe(Effect.scoped))
})

describe("Layout.wrap", () => {
  it("divides between words, indents what follows, and clips a word that is too long", () => {
    assert.deepStrictEqual(Layout.wrap("  one two three four", 11, "    "), ["  one two", "    three", "    four"])
    assert.deepStrictEqual(Layout.wrap("  a bbbbbbbbbbbbbbb", 8, "    "), ["  a", "    bbb…"])
    assert.deepStrictEqual(Layout.wrap("", 8, "    "), [""])
  })
})
