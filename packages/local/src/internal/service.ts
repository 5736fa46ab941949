import type * as KinesisApi from "effect-kinesis/KinesisApi"
import type * as KinesisClient from "effect-kinesis/KinesisClient"
import { ServiceUnavailable } from "effect-kinesis/KinesisError"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Record from "effect/Record"
import type { Call, KmsCode, Options } from "../LocalKinesis.js"
import * as CallScope from "./callScope.js"
import * as Engines from "./engine.js"
import * as Errors from "./errors.js"
import type * as Faults from "./faults.js"
import * as Model from "./model.js"
import * as Operations from "./operations.js"
import type * as PutRecords from "./putRecords.js"
import type { Refusal } from "./refusal.js"
import { isRefusal, rateExceeded, resourceName } from "./refusal.js"
import * as Shuffle from "./shuffle.js"
import * as Subscribing from "./subscribing.js"
import type { Disturbance } from "./subscriptions.js"

export type Action =
  | Faults.Action<Errors.Failure | ((operation: string) => Errors.Failure)>
  | { readonly _tag: "Throttle" }
  | { readonly _tag: "ExpireIterator" }
  | { readonly _tag: "EmptyPage" }
  | { readonly _tag: "Omit"; readonly fields: ReadonlyArray<string> }
  | { readonly _tag: "OmitEntries"; readonly count: number }
  | { readonly _tag: "FailEntries"; readonly errorCode: PutRecords.EntryErrorCode }
  | { readonly _tag: "FailKms"; readonly code: KmsCode }
  | { readonly _tag: "Disturb"; readonly disturbance: Disturbance }

type Fault = Faults.Met<CallScope.Target, Action>["fault"]

/** The internal state of the service. */
export interface State extends Subscribing.Context {
  readonly operations: Operations.Operations
  readonly settings: Operations.Settings
  readonly calls: Engines.Engine<CallScope.Target, Action, { -readonly [K in keyof Call]: Call[K] }>
  /** How far the server's clock is ahead, in milliseconds. */
  readonly skew: number
}

export const make = (options: Options): State => {
  const { accountId = "000000000000", latency, region = "us-east-1", shuffleEntries, transition = 0 } = options
  const { continuation = "own", endWithContinuation = false, serverClockSkew: skew = 0 } = options
  const account = Model.makeAccount(accountId, region)
  const manner = { continuation, endWithContinuation }
  const settings = {
    transition: Duration.toMillis(transition),
    draw: shuffleEntries === undefined ? undefined : Shuffle.drawFrom(shuffleEntries),
    manner
  }
  return {
    account,
    settings,
    manner,
    operations: Operations.make(account, settings),
    calls: Engines.make(latency),
    skew,
    now: Effect.map(Clock.currentTimeMillis, (millis) => millis + skew),
    waiting: new Map()
  }
}

/** Every operation is served in the same way; a subscription goes on after that. */
export const toClient = (self: State): KinesisClient.Service => ({
  ...Record.map(
    self.operations,
    (_, operation) => (request: object) => serve(self, operation, request as never)
  ) as unknown as KinesisClient.Service,
  subscribeToShard: (request) => Subscribing.subscribe(self, request, serve(self, "subscribeToShard", request))
})

const apiName = (operation: KinesisClient.Operation): string => operation[0]!.toUpperCase() + operation.slice(1)

/** A call is judged by the server's clock, when it takes effect. */
const serve = <O extends KinesisClient.Operation>(
  self: State,
  operation: O,
  request: Operations.Request<O>
): Effect.Effect<Operations.Answer<O>, Errors.Failure> =>
  Effect.flatMap(self.now, (now) => {
    const scope = CallScope.of(self.account, operation, request, now)
    const { shardId, stream } = scope
    const api = apiName(CallScope.operationOf(operation, request))
    const site = { operation: api, stream: CallScope.streamOf(request), shardId }
    return Engines.serve(self.calls, (served) => ({ operation, request, stream, shardId, ...served }), {
      fits: (target) => CallScope.isMet(target, scope),
      answerLost: (): Errors.Failure => new ServiceUnavailable({ ...site, description: "The answer was lost." }),
      act: (fault) =>
        suffer(self, site, scope, fault).pipe(
          Effect.zipRight(self.now),
          Effect.map((now) => self.operations[operation](request, now, toTwist(operation, fault))),
          Effect.filterOrFail(
            (answer): answer is Operations.Answer<O> => !isRefusal(answer),
            (refusal) => Errors.fromRefusal(site, refusal as Refusal)
          ),
          Effect.map((answer) => {
            Subscribing.stirBy(self, operation, stream, answer)
            return curtail(operation, answer, fault)
          })
        )
    })
  })

/** What a fault leaves of an answer. A subscription is left as it is, since its events are what lacks something. */
const curtail = <A>(operation: KinesisClient.Operation, answer: A, fault: Fault): A => {
  switch (fault?.action._tag) {
    case "Omit":
      return operation === "subscribeToShard" ? answer : without(answer, fault.action.fields)
    case "OmitEntries": {
      const { records } = answer as KinesisApi.PutRecordsResponse
      return { ...answer, records: records.slice(0, Math.max(0, records.length - fault.action.count)) }
    }
    default:
      return answer
  }
}

const without = <A>(answer: A, fields: ReadonlyArray<string>): A =>
  Object.fromEntries(
    Object.entries(answer as object).map(([name, value]) => [
      name,
      !fields.includes(name) ? value : Array.isArray(value) ? [] : undefined
    ])
  ) as A

const toTwist = (operation: KinesisClient.Operation, fault: Fault): Operations.Twist => ({
  emptyPage: fault?.action._tag === "EmptyPage",
  entryFault: operation === "putRecords" ? toEntryFault(fault) : undefined,
  disturbance: toDisturbance(fault)
})

const toDisturbance = (fault: Fault): Disturbance | undefined => {
  switch (fault?.action._tag) {
    case "Disturb":
      return fault.action.disturbance
    case "Omit":
      return fault.action
    default:
      return undefined
  }
}

const toEntryFault = (fault: Fault): PutRecords.EntryFault | undefined => {
  const { action, target: { entries = () => true, shardId } } = fault ?? { action: undefined, target: {} }
  switch (action?._tag) {
    case "Throttle":
      return shardId === undefined
        ? undefined
        : { errorCode: "ProvisionedThroughputExceededException", shardId, entries }
    case "FailEntries":
      return { errorCode: action.errorCode, shardId, entries }
    default:
      return undefined
  }
}

/** What a fault does to a call before it takes effect: it makes the call fail, or lets it pass. */
const suffer = (
  { account }: State,
  site: Errors.CallSite,
  { operation, stream = "" }: CallScope.CallScope,
  fault: Fault
): Effect.Effect<void, Errors.Failure> => {
  const shardId = site.shardId ?? fault?.target.shardId
  const refuse = (refusal: Refusal) => Effect.fail(Errors.fromRefusal(site, refusal))
  switch (fault?.action._tag) {
    case "Throttle":
      return operation === "putRecords" && fault.target.shardId !== undefined
        ? Effect.void
        : refuse(rateExceeded({ accountId: account.id, stream, shardId }))
    case "ExpireIterator":
      return refuse({
        refused: "ExpiredIterator",
        description: `Iterator expired: ${resourceName({ accountId: account.id, stream, shardId })}.`
      })
    case "FailKms":
      return Effect.fail(Errors.ofKms({ ...site, stream, shardId }, fault.action.code))
    case "Fail": {
      const { error } = fault.action
      return Effect.fail(typeof error === "function" ? error(site.operation) : error)
    }
    default:
      return Effect.void
  }
}
