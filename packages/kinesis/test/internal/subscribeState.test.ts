import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import {
  AccessDenied,
  CredentialsUnavailable,
  InvalidArgument,
  KmsError,
  RequestTimeout,
  ResourceInUse,
  ResourceNotFound,
  ServiceUnavailable,
  ThrottledError
} from "effect-kinesis/KinesisError"
import * as SubscribeState from "../../src/internal/shard/subscribeState.js"

const call = { operation: "SubscribeToShard", stream: "orders", shardId: "shardId-000000000000" }

/** What happens to a subscriber that follows the commands, one thing after the other. */
type Happening =
  | { readonly _tag: "Refused"; readonly failure: SubscribeState.Failure; readonly after: number }
  | {
    readonly _tag: "Accepted"
    readonly events: number
    readonly after: number
    readonly end: SubscribeState.Failure | "over"
  }

const failure = fc.constantFrom<SubscribeState.Failure>(
  "in-use",
  "inactive",
  "gone",
  "unsent",
  "throttled",
  "broken",
  "doubtful"
)
const after = fc.integer({ min: 0, max: 400_000 })
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ _tag: fc.constant("Refused" as const), failure, after }),
  fc.record({
    _tag: fc.constant("Accepted" as const),
    events: fc.integer({ min: 0, max: 3 }),
    after,
    end: fc.oneof(failure, fc.constant("over" as const))
  })
)

interface Played {
  readonly calls: ReadonlyArray<number>
  readonly accepted: ReadonlyArray<number>
  readonly unsent: ReadonlyArray<number>
  readonly state: SubscribeState.SubscribeState
  readonly now: number
}

/** Carries out what the state commands, as early as it may, while this happens to each call. */
const play = (happenings: ReadonlyArray<Happening>, jitter = 1, from = SubscribeState.start): Played => {
  let state = from
  let now = 1_000_000
  const calls: Array<number> = []
  const accepted: Array<number> = []
  const unsent: Array<number> = []
  for (const happening of happenings) {
    let command = SubscribeState.command(state, now)
    while (command._tag !== "Subscribe") {
      if (command._tag === "Wait") {
        assert.isAbove(command.until, now)
        now = command.until
      } else {
        state = command._tag === "Poll" ? SubscribeState.polled(state, false) : SubscribeState.ownerVerified(state)
      }
      command = SubscribeState.command(state, now)
    }
    calls.push(now)
    state = SubscribeState.called(state, now)
    if (happening._tag === "Refused") {
      if (happening.failure === "unsent") unsent.push(calls.pop()!)
      now += happening.after
      state = SubscribeState.failed(state, happening.failure, now, jitter)
      continue
    }
    accepted.push(now)
    state = SubscribeState.accepted(state, now)
    for (let event = 0; event < happening.events; event++) state = SubscribeState.eventReceived(state, String(event))
    now += happening.after
    state = happening.end === "over"
      ? SubscribeState.over(state, now, jitter)
      : SubscribeState.failed(state, happening.end, now, jitter)
  }
  return { calls, accepted, unsent, state, now }
}

const waitOf = ({ now, state }: Played): number => {
  const command = SubscribeState.command(state, now)
  return command._tag === "Wait" ? command.until - now : 0
}

const accepted = (
  events: number,
  after: number,
  end: Extract<Happening, { _tag: "Accepted" }>["end"] = "over"
): Happening => ({
  _tag: "Accepted",
  events,
  after,
  end
})
const refused = (failure: SubscribeState.Failure, after = 0): Happening => ({ _tag: "Refused", failure, after })

describe("the state of a shard's subscriptions", () => {
  it("F88 calls at most once a second, and not within 5 seconds of an accepted call, whatever happens", () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 40 }), fc.double({ min: 0, max: 1, noNaN: true }), (all, jitter) => {
        const { accepted, calls } = play(all, jitter)
        for (const [index, at] of calls.entries()) {
          if (index > 0) assert.isAtLeast(at - calls[index - 1]!, 1_000)
          for (const before of accepted) if (before < at) assert.isAtLeast(at - before, 5_000)
        }
      }),
      { numRuns: 500 }
    )
  })

  it("F88 renews at once what has lasted its five minutes", () => {
    assert.strictEqual(waitOf(play([accepted(60, 300_000)])), 0)
    assert.strictEqual(waitOf(play([accepted(1, 2_000)])), 3_000)
  })

  it("F89 a call that was not looked at is none: the next goes at once, and more of them wait", () => {
    const once = play([accepted(1, 300_000), refused("unsent")])
    assert.strictEqual(waitOf(once), 0)
    assert.strictEqual(once.state.calledAt, once.accepted[0])
    const waits = [1, 2, 3, 4].map((count) => waitOf(play(Array.from({ length: count }, () => refused("unsent")))))
    assert.deepStrictEqual(waits, [0, 2_000, 4_000, 8_000])
  })

  it("F90 a lost answer is waited out: it may have been accepted", () => {
    assert.strictEqual(waitOf(play([refused("broken")])), 1_000)
    assert.strictEqual(waitOf(play([refused("broken"), refused("in-use")])), 1_000)
  })

  it("F91 what dies before an event, again and again, waits longer and longer; one event ends that", () => {
    const waits = [1, 2, 3, 4, 5, 6, 7].map((count) =>
      waitOf(play(Array.from({ length: count }, () => accepted(0, 6_000))))
    )
    assert.deepStrictEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
    const dead = Array.from({ length: 5 }, () => accepted(0, 6_000))
    assert.strictEqual(waitOf(play([...dead, accepted(1, 6_000)])), 0)
    assert.strictEqual(waitOf(play([...dead, accepted(1, 6_000), accepted(0, 6_000)])), 1_000)
  })

  it("F91 a jitter of half keeps many shards from calling at the same moment", () => {
    assert.strictEqual(waitOf(play([accepted(0, 6_000)], 0)), 500)
    assert.strictEqual(waitOf(play([accepted(0, 6_000)], 0.5)), 750)
  })

  it("a rival that holds the shard is asked again every second, and not more rarely each time", () => {
    const waits = [1, 2, 3, 4].map((count) => waitOf(play(Array.from({ length: count }, () => refused("in-use")))))
    assert.deepStrictEqual(waits, [1_000, 1_000, 1_000, 1_000])
  })

  it("F111 a subscription that was taken over finds out first whose the shard is", () => {
    const played = play([accepted(2, 60_000, "in-use")])
    assert.deepStrictEqual(SubscribeState.command(played.state, played.now), { _tag: "VerifyOwner" })
    const verified = SubscribeState.ownerVerified(played.state)
    assert.deepStrictEqual(SubscribeState.command(verified, played.now), { _tag: "Subscribe" })
    assert.strictEqual(SubscribeState.command(SubscribeState.start, 0)._tag, "Subscribe")
  })

  it("a subscription that is over as soon as it was accepted, since another exists, was refused", () => {
    const played = play([accepted(0, 100, "in-use")])
    assert.strictEqual(SubscribeState.command(played.state, played.now)._tag, "Wait")
    assert.deepStrictEqual(played.state.takeOvers, [])
    assert.strictEqual(play([accepted(0, 2_000, "in-use")]).state.takeOvers.length, 1)
  })

  it("F112 more than three take-overs in a minute are another program's", () => {
    const taken = Array.from({ length: 4 }, () => accepted(1, 5_000, "in-use"))
    assert.isFalse(SubscribeState.isShared(play(taken.slice(1)).state))
    assert.isTrue(SubscribeState.isShared(play(taken).state))
    const slowly = Array.from({ length: 10 }, () => accepted(1, 25_000, "in-use"))
    assert.isFalse(SubscribeState.isShared(play(slowly).state))
  })

  it("a doubt waits for an answer to polling", () => {
    const { now, state } = play([refused("doubtful")])
    assert.deepStrictEqual(SubscribeState.command(state, now + 60_000), { _tag: "Poll" })
    assert.strictEqual(SubscribeState.command(SubscribeState.polled(state, false), now + 60_000)._tag, "Subscribe")
  })

  it("F101 F102 goes on after the continuation or the last record, whichever is further, and never before what was polled", () => {
    const { state } = play([accepted(1, 0)])
    const at = (continuation: string) => SubscribeState.eventReceived(state, continuation)
    assert.strictEqual(SubscribeState.resumption(at("90"), undefined), "90")
    assert.strictEqual(SubscribeState.resumption(at("90"), "100"), "100")
    assert.strictEqual(SubscribeState.resumption(at("101"), "100"), "101")
    assert.strictEqual(SubscribeState.resumption(SubscribeState.start, "100"), "100")
    assert.isUndefined(SubscribeState.resumption(SubscribeState.start, undefined))
    assert.strictEqual(SubscribeState.resumption(SubscribeState.eventReceived(at("90"), undefined), undefined), "90")
    assert.strictEqual(SubscribeState.resumption(SubscribeState.polled(at("90"), true), "80"), "80")
    assert.strictEqual(SubscribeState.resumption(SubscribeState.polled(at("90"), false), "80"), "90")
  })

  it("F84 F85 F92 errors are told apart by what can be done about them", () => {
    const about = (error: Parameters<typeof SubscribeState.failureOf>[0]) => SubscribeState.failureOf(error)
    const unavailable = { ...call, description: "gone away" }
    const denied = { ...call, description: "no", action: "kinesis:SubscribeToShard" }
    assert.strictEqual(about(new AccessDenied({ ...denied, reason: "permission" })), "fatal")
    assert.strictEqual(about(new AccessDenied({ ...denied, reason: "expired" })), "broken")
    assert.strictEqual(about(new InvalidArgument({ ...call, description: "no" })), "doubtful")
    assert.strictEqual(about(new KmsError({ ...call, description: "no", code: "KMSDisabledException" })), "doubtful")
    assert.strictEqual(about(new ThrottledError({ ...call, description: "no", reason: "throughput" })), "throttled")
    assert.strictEqual(about(new ServiceUnavailable(unavailable)), "broken")
    assert.strictEqual(about(new ServiceUnavailable({ ...unavailable, unsent: true })), "unsent")
    assert.strictEqual(about(new RequestTimeout(unavailable)), "broken")
    const credentials = (hadCredentials: boolean) =>
      about(new CredentialsUnavailable({ ...call, description: "none", hadCredentials } as never))
    assert.deepStrictEqual([credentials(true), credentials(false)], ["broken", "fatal"])
    const missing = (description: string) => about(new ResourceNotFound({ ...call, description }))
    assert.strictEqual(missing("Consumer arn:aws:kinesis:us-east-1:1:stream/orders/consumer/app:1 not found."), "gone")
    assert.strictEqual(missing("Shard shardId-000000000000 in stream orders not found."), "doubtful")
    assert.strictEqual(missing("Stream orders under account 1 not found."), "doubtful")
    const inUse = (description: string) => about(new ResourceInUse({ ...call, description }))
    assert.strictEqual(inUse("Another active subscription exists for this consumer: 1:orders:shardId-0:app"), "in-use")
    assert.strictEqual(
      inUse("Consumer arn:aws:kinesis:us-east-1:1:stream/orders/consumer/app:1 is not in ACTIVE status"),
      "inactive"
    )
    assert.strictEqual(inUse("what is this"), "in-use")
  })
})
