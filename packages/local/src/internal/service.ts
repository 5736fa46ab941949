import type * as KinesisApi from "effect-kinesis/KinesisApi"
import type * as KinesisClient from "effect-kinesis/KinesisClient"
import { ServiceUnavailable } from "effect-kinesis/KinesisError"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Record from "effect/Record"
import type { Call, KmsCode, Operation, Options } from "../LocalKinesis.js"
import * as CallScope from "./callScope.js"
import * as Engines from "./engine.js"
import * as Errors from "./errors.js"
import type * as Faults from "./faults.js"
import * as Limits from "./limits.js"
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
  /** What the log of calls keeps of a request. */
  readonly noted: (request: object) => object
}

/** How the calls are logged: how many of the newest, and what of their requests. */
export interface Logging {
  readonly kept: number
  readonly noted: (request: object) => object
}

const whole: Logging = { kept: 100_000, noted: (request) => request }

export const make = (options: Options, { kept, noted }: Logging = whole): State => {
  const { accountId = "000000000000", latency, limits, region = "us-east-1", shuffleEntries, transition = 0 } = options
  const { continuation = "own", endWithContinuation = false, serverClockSkew: skew = 0 } = options
  const account = Model.makeAccount(accountId, region, Limits.of(limits))
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
    calls: Engines.make(latency, kept),
    skew,
    now: Effect.map(Clock.currentTimeMillis, (millis) => millis + skew),
    waiting: new Map(),
    noted
  }
}

/** Every operation is served in the same way; a subscription goes on after that. */
export const toClient = (self: State): KinesisClient.Service => ({
  ...Record.map(
    self.operations,
    (act, operation) => (request: object) => serve(self, operation, request, act as Act<object, object>)
  ) as unknown as KinesisClient.Service,
  subscribeToShard: (request) =>
    Subscribing.subscribe(
      self,
      request,
      serve(self, "subscribeToShard", request, self.operations.subscribeToShard)
    )
})

const apiName = (operation: Operation): string => operation[0]!.toUpperCase() + operation.slice(1)

/** What an operation does to the account: its answer, or why it is refused. */
export type Act<Request, Answer> = (request: Request, now: number, twist: Operations.Twist) => Answer | Refusal

/** A call is judged by the server's clock, when it takes effect. */
export const serve = <Request extends object, Answer>(
  self: State,
  operation: Operation,
  request: Request,
  act: Act<Request, Answer>
): Effect.Effect<Answer, Errors.Failure> =>
  Effect.flatMap(self.now, (now) => {
    const scope = CallScope.of(self.account, operation, request, now)
    const { shardId, stream } = scope
    const api = apiName(CallScope.operationOf(operation, request))
    const site = { operation: api, stream: CallScope.streamOf(request), shardId }
    return Engines.serve(
      self.calls,
      (served) => ({ operation, request: self.noted(request), stream, shardId, ...served }),
      {
        fits: (target) => CallScope.isMet(target, scope),
        answerLost: (): Errors.Failure => new ServiceUnavailable({ ...site, description: "The answer was lost." }),
        act: (fault) =>
          suffer(self, site, scope, fault).pipe(
            Effect.zipRight(self.now),
            Effect.map((now) => act(request, now, toTwist(operation, fault))),
            Effect.filterOrFail(
              (answer): answer is Exclude<Answer, Refusal> => !isRefusal(answer),
              (refusal) => Errors.fromRefusal(site, refusal as Refusal)
            ),
            Effect.map((answer) => {
              Subscribing.stirBy(self, operation, stream, answer)
              return curtail(operation, answer, fault)
            })
          )
      }
    )
  })

/** What a fault leaves of an answer. A subscription is left as it is, since its events are what lacks something. */
const curtail = <A>(operation: Operation, answer: A, fault: Fault): A => {
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

const toTwist = (operation: Operation, fault: Fault): Operations.Twist => ({
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
