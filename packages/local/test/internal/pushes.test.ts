import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import type { SubscribeToShardEvent } from "effect-kinesis/KinesisApi"
import * as Position from "effect-kinesis/Position"
import * as Consumers from "../../src/internal/consumers.js"
import type { Account, Shard } from "../../src/internal/model.js"
import { closeShard, makeAccount, makeStream } from "../../src/internal/model.js"
import * as Pushes from "../../src/internal/pushes.js"
import { isRefusal } from "../../src/internal/refusal.js"
import * as Reshard from "../../src/internal/reshard.js"
import * as ShardLog from "../../src/internal/shardLog.js"
import type { Manner, Subscription } from "../../src/internal/subscriptions.js"
import * as Subscriptions from "../../src/internal/subscriptions.js"
import { mebibyte, pushBytesPerSecond } from "../../src/internal/throughput.js"

/** A write some time after the one before. */
interface Write {
  readonly gap: number
  readonly bytes: number
}

const mostBytes = 3 * mebibyte
const zeros = new Uint8Array(mostBytes)

const write = FastCheck.record<Write>({
  gap: FastCheck.oneof(FastCheck.nat({ max: 200 }), FastCheck.nat({ max: 20_000 })),
  bytes: FastCheck.oneof(
    { weight: 3, arbitrary: FastCheck.integer({ min: 1, max: 1000 }) },
    { weight: 1, arbitrary: FastCheck.integer({ min: 1, max: mostBytes }) }
  )
})

const manner = FastCheck.record<Manner>({
  continuation: FastCheck.constantFrom("own", "last-record", "next"),
  endWithContinuation: FastCheck.boolean()
})

const setUp = (writes: ReadonlyArray<Write>) => {
  const account = makeAccount("000000000000", "us-east-1")
  const stream = makeStream({ name: "s", generation: 1, createdAt: 0, mode: "PROVISIONED", retentionPeriodHours: 24 })
  stream.status = "ACTIVE"
  account.streams.set("s", stream)
  Reshard.createShards(stream, 1, 0)
  const shard = stream.shards[0]!
  const streamArn = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
  const consumer = Consumers.registerStreamConsumer(account, { streamArn, consumerName: "c" }, 0, 0)
  if (isRefusal(consumer)) throw new Error(consumer.description)
  let at = 0
  const arrivals = writes.map(({ bytes, gap }) => ({ at: at += gap, bytes }))
  return { account, shard, consumerArn: consumer.consumerArn, arrivals, closedAt: at + 1 }
}

type SetUp = ReturnType<typeof setUp>

/** Lets the shard be as it is at that time. */
const happen = ({ arrivals, closedAt, shard }: SetUp, now: number): void => {
  while (shard.log.length < arrivals.length && arrivals[shard.log.length]!.at <= now) {
    const { at, bytes } = arrivals[shard.log.length]!
    ShardLog.append(shard, { data: zeros.subarray(0, bytes - 1), partitionKey: "k" }, at)
  }
  if (shard.closedAt === undefined && closedAt <= now) closeShard(shard, closedAt)
}

/** The next time at which something happens by itself, or the given one. */
const nextHappening = ({ arrivals, closedAt, shard }: SetUp, until: number): number =>
  Math.min(until, arrivals[shard.log.length]?.at ?? Infinity, shard.closedAt === undefined ? closedAt : Infinity)

const subscribe = (
  account: Account,
  shard: Shard,
  consumerArn: string,
  after: string | undefined,
  made: Manner,
  now: number
) => {
  const position = after === undefined ? Position.trimHorizon : Position.afterSequenceNumber(after)
  return Subscriptions.subscribeToShard(account, { stream: "s", consumerArn, shardId: shard.id, position }, now, made)
}

interface Seen {
  readonly at: number
  /** Since the event before, or the subscription's start. */
  readonly waited: number
  readonly event: SubscribeToShardEvent
}

/** Reads the shard to its end by subscriptions that each bring so many events, and then are left. */
const readAll = (setUp: SetUp, lives: ReadonlyArray<number>, made: Manner): ReadonlyArray<Seen> => {
  const { account, consumerArn, shard } = setUp
  const seen: Array<Seen> = []
  let now = 0
  let after: string | undefined
  for (let life = 0; life < 10_000; life++) {
    happen(setUp, now)
    const subscription = subscribe(account, shard, consumerArn, after, made, now)
    if (isRefusal(subscription)) throw new Error(subscription.description)
    now = pull(setUp, subscription, lives[life % lives.length]!, made, now, seen)
    const last = seen.at(-1)?.event
    if (subscription.over !== undefined && shard.closedAt !== undefined && subscription.place === shard.log.length) {
      return seen
    }
    after = last?.continuationSequenceNumber ?? after
    Subscriptions.leave(subscription)
    now = Math.max(now, subscription.acceptedAt + 5000)
  }
  throw new Error("does not come to an end")
}

const pull = (
  setUp: SetUp,
  subscription: Subscription,
  events: number,
  made: Manner,
  start: number,
  seen: Array<Seen>
): number => {
  let now = start
  for (let left = events; left > 0;) {
    happen(setUp, now)
    const step = Pushes.step(setUp.account, subscription, made, now)
    if (step._tag === "Over") return now
    if (step._tag === "Wait") now = nextHappening(setUp, step.until)
    else {
      left--
      seen.push({ at: now, waited: now - Math.max(seen.at(-1)?.at ?? 0, start), event: step.sent.event })
      subscription.ahead = undefined
    }
  }
  return now
}

describe("pushes", () => {
  it.prop("each record once and in order, whatever subscriptions bring them, and the end by its signs", [
    FastCheck.array(write, { maxLength: 40 }),
    FastCheck.array(FastCheck.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }),
    manner
  ], ([writes, lives, made]) => {
    const given = setUp(writes)
    const seen = readAll(given, lives, made)
    const records = seen.flatMap(({ event }) => event.records)
    assert.deepStrictEqual(
      records.map(({ sequenceNumber }) => sequenceNumber),
      ShardLog.records(given.shard, "s", { from: 0, to: given.shard.log.length }).map(({ sequenceNumber }) =>
        sequenceNumber
      )
    )
    for (const [index, { event }] of seen.entries()) {
      const isLast = index === seen.length - 1
      assert.strictEqual(event.continuationSequenceNumber === undefined, isLast && !made.endWithContinuation)
    }
  })

  it.prop("none before 70 ms, no silence above 5 s, and no more than 2 MiB a second beside one event", [
    FastCheck.array(write, { minLength: 1, maxLength: 40 })
  ], ([writes]) => {
    const { arrivals, ...given } = setUp(writes)
    const seen = readAll({ arrivals, ...given }, [Infinity], { continuation: "own", endWithContinuation: false })
    let index = 0
    let bytes = 0
    for (const { at, event, waited } of seen) {
      assert.isAtMost(waited, 5000)
      if (event.records.length > 0) assert.isBelow(bytes, pushBytesPerSecond * (1 + at / 1000))
      for (const _ of event.records) {
        assert.isAtLeast(at, arrivals[index]!.at + 70)
        bytes += arrivals[index++]!.bytes
      }
    }
    assert.strictEqual(index, arrivals.length)
  })

  it.prop(
    "one that is not taken is all that there is",
    [FastCheck.array(write, { minLength: 1, maxLength: 10 })],
    ([writes]) => {
      const given = setUp(writes)
      happen(given, given.closedAt)
      const made: Manner = { continuation: "own", endWithContinuation: false }
      const subscription = subscribe(given.account, given.shard, given.consumerArn, undefined, made, given.closedAt)
      if (isRefusal(subscription)) throw new Error(subscription.description)
      const later = given.closedAt + 100
      const first = Pushes.step(given.account, subscription, made, later)
      const place = subscription.place
      for (const more of [1, 60_000, 600_000]) {
        assert.deepStrictEqual(Pushes.step(given.account, subscription, made, later + more), first)
      }
      assert.deepStrictEqual([subscription.place, subscription.events], [place, 1])
    }
  )
})
