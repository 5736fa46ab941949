import type * as AwsSdk from "effect-kinesis/AwsSdk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as LocalKinesis from "../LocalKinesis.js"
import * as Engines from "./engine.js"
import type * as Faults from "./faults.js"
import * as Lookup from "./lookup.js"
import * as Rules from "./options.js"
import type * as Service from "./service.js"
import * as StreamKnobs from "./streamKnobs.js"
import * as SubscriptionKnobs from "./subscriptionKnobs.js"

/** The knobs of the service that `LocalKinesis` offers. */
export const toKnobs = (self: Service.State): LocalKinesis.Service => ({
  ...ofCalls(self),
  ...StreamKnobs.ofStreams(self),
  ...SubscriptionKnobs.ofSubscriptions(self)
})

type OfCalls = Exclude<keyof LocalKinesis.Service, StreamKnobs.OfStreams | SubscriptionKnobs.OfSubscriptions>

/** What makes calls misbehave, and shows them. */
const ofCalls = ({ account, calls }: Service.State): Pick<LocalKinesis.Service, OfCalls> => {
  /** A knob whose target is checked; `of` are the only operations that it meets, unless it meets all. */
  const knob = <T extends LocalKinesis.Target>(
    name: keyof LocalKinesis.Service,
    table: Readonly<Record<string, AwsSdk.Check>>,
    action: (target: T) => Service.Action,
    of?: ReadonlyArray<LocalKinesis.Operation>
  ) =>
  (target: T): Effect.Effect<void> =>
    Effect.flatMap(Rules.check(`LocalKinesis.${name}`, table, target), () => {
      const { entries, operation, shardId, stream, times }: LocalKinesis.Target & Partial<LocalKinesis.EntryTarget> =
        target
      const meant = {
        operations: operation === undefined ? of : [operation],
        stream: Lookup.nameOf(account, stream) ?? stream,
        shardId,
        consumer: undefined,
        entries
      }
      return Engines.inject(calls, meant, action(target), times)
    })
  const delay = (name: "delay" | "delayAnswer" | "straggle", of: Faults.Delay["of"]) =>
    knob(
      name,
      { ...Rules.target, ...Rules.delay },
      ({ duration }: LocalKinesis.Target & { readonly duration: Duration.DurationInput }) => ({
        _tag: "Delay",
        of,
        millis: Duration.toMillis(duration)
      })
    )
  return {
    throttle: knob("throttle", Rules.target, () => ({ _tag: "Throttle" })),
    expireIterator: knob("expireIterator", Rules.readTarget, () => ({ _tag: "ExpireIterator" }), ["getRecords"]),
    fail: knob("fail", { ...Rules.target, ...Rules.failure }, ({ error }) => ({ _tag: "Fail", error })),
    failEntries: knob("failEntries", Rules.failedEntries, ({ errorCode = "InternalFailure" }) => ({
      _tag: "FailEntries",
      errorCode
    }), ["putRecords"]),
    failKms: knob(
      "failKms",
      Rules.kmsFailure,
      ({ code }) => ({ _tag: "FailKms", code }),
      ["putRecord", "putRecords", "getRecords"]
    ),
    delay: delay("delay", "call"),
    straggle: delay("straggle", "effect"),
    delayAnswer: delay("delayAnswer", "answer"),
    hang: knob("hang", Rules.target, () => ({ _tag: "Hang" })),
    loseAnswer: knob("loseAnswer", Rules.target, () => ({ _tag: "LoseAnswer" })),
    emptyPages: knob("emptyPages", Rules.readTarget, () => ({ _tag: "EmptyPage" }), ["getRecords"]),
    omit: knob("omit", { ...Rules.target, ...Rules.omission }, ({ fields }) => ({ _tag: "Omit", fields })),
    omitEntries: knob(
      "omitEntries",
      Rules.omittedEntries,
      ({ count = 1 }) => ({ _tag: "OmitEntries", count }),
      ["putRecords"]
    ),
    clearFaults: Engines.clear(calls),
    calls: Effect.sync(() => calls.log.newest())
  }
}
