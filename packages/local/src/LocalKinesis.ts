/**
 * An in-memory Amazon Kinesis behind the `KinesisClient` service, on Effect's Clock, with knobs for what goes wrong.
 *
 * It keeps the service's limits and refusals as its documentation states them: a shard gives 5 reads and 2 MiB a second and takes 1,000
 * records and 1 MiB a second, iterators and the tokens of listings last for 5 minutes, records and closed shards leave with retention.
 *
 * Where the documentation leaves it open:
 * - Byte limits are buckets of one second that start full. A page may overdraw the bucket. A page that was cut by its size, or that has
 *   10 MiB, is the one after which the shard is not read for 5 seconds.
 * - Reads, writes and iterators find only streams that are ACTIVE or UPDATING.
 * - A closed shard cannot be split or merged: `InvalidArgument`. A shard count beyond double or half: `ThrottledError` of reason `limit`,
 *   since AWS answers LimitExceededException.
 * - A sequence number of the shard that no record has is the place where it would stand.
 * - A dry run is judged by arguments and by what there is. The one a second for each stream is not kept.
 * - Where the service distributes the records it gives them to the open shards in turn.
 *
 * Not kept: the limits of the account and of administrative calls, records above 1 MiB, on-demand scaling, encryption, enhanced fan-out.
 *
 * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/Welcome.html
 * @see https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
 * @since 0.1.0
 */
import * as KinesisClient from "effect-kinesis/KinesisClient"
import { ServiceUnavailable } from "effect-kinesis/KinesisError"
import type { KinesisRecord } from "effect-kinesis/KinesisRecord"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Administration from "./internal/administration.js"
import * as CallScope from "./internal/callScope.js"
import * as DryRun from "./internal/dryRun.js"
import * as Engines from "./internal/engine.js"
import * as Errors from "./internal/errors.js"
import type * as Faults from "./internal/faults.js"
import * as Lifecycle from "./internal/lifecycle.js"
import * as Listing from "./internal/listing.js"
import * as Lookup from "./internal/lookup.js"
import * as Model from "./internal/model.js"
import * as Reading from "./internal/reading.js"
import type { Refusal } from "./internal/refusal.js"
import { isRefusal, place, rateExceeded } from "./internal/refusal.js"
import * as Writing from "./internal/writing.js"

/**
 * A stream that exists from the start.
 *
 * @since 0.1.0
 * @category models
 */
export interface StreamOptions {
  readonly name: string
  /** 1 to 10,000. Default: 1. */
  readonly shardCount?: number | undefined
  /** 24 to 8,760. Default: 24. */
  readonly retentionPeriodHours?: number | undefined
  /** With `"AUTO"` records go to the open shards in turn, whatever their keys, which may be left out. Default: `"USER_PARTITION_KEY"`. */
  readonly recordDistributionStrategy?: "AUTO" | "USER_PARTITION_KEY" | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options extends KinesisClient.DeadlineOptions {
  /** Streams that are ACTIVE from the start. Default: none. */
  readonly streams?: ReadonlyArray<StreamOptions> | undefined
  /** 12 digits. Default: `000000000000`. */
  readonly accountId?: string | undefined
  /** Default: `us-east-1`. */
  readonly region?: string | undefined
  /** How long each call takes, before it takes effect. Default: 0. */
  readonly latency?: Duration.DurationInput | undefined
  /** How long a stream is CREATING, UPDATING or DELETING. A change takes effect at the end of it. Default: 0. */
  readonly transition?: Duration.DurationInput | undefined
  /**
   * How many milliseconds the server's clock is ahead of Effect's; negative when it is behind. All that the server stamps and judges goes
   * by its own clock. Default: 0.
   */
  readonly serverClockSkew?: number | undefined
}

/**
 * Which calls a knob meets. An absent field means every operation, stream or shard.
 *
 * @since 0.1.0
 * @category models
 */
export interface Target {
  readonly operation?: KinesisClient.Operation | undefined
  /** Name or ARN. */
  readonly stream?: string | undefined
  /** A write concerns the shard that its records go to; a merge both shards. */
  readonly shardId?: string | undefined
  /** How many calls, from the next one on. Default: 1. */
  readonly times?: number | undefined
}

/**
 * Which calls of `getRecords` a knob meets.
 *
 * @since 0.1.0
 * @category models
 */
export type ReadTarget = Omit<Target, "operation">

/**
 * A call that reached the service.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call {
  readonly operation: KinesisClient.Operation
  /** When it came, by Effect's Clock, in milliseconds since the epoch. */
  readonly at: number
  readonly request: object
  /** The stream's name, also when the request says its ARN, or a token of its listing. */
  readonly stream: string | undefined
  /** As the request says it. */
  readonly shardId: string | undefined
  /** `pending` while there is no answer, and for ever when the caller gave up first; `ok`; or the `_tag` of the error. */
  readonly outcome: string
}

/**
 * A record as it was written.
 *
 * @since 0.1.0
 * @category models
 */
export interface WrittenRecord extends KinesisRecord {
  /** No longer to be read: it has left retention, or was trimmed by a knob. */
  readonly trimmed: boolean
}

/**
 * The knobs. A call meets at most one delay and one other fault, of each the one that was asked for first; the delay comes first. A
 * fault waits until its calls come.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * The calls fail with a `ThrottledError` of reason `throughput` and take no effect. A `putRecords` whose target names a shard is
   * answered: only the entries of that shard fail.
   */
  readonly throttle: (target: Target) => Effect.Effect<void>
  /** The calls of `getRecords` fail with `ExpiredIterator`. */
  readonly expireIterator: (target: ReadTarget) => Effect.Effect<void>
  /** The calls fail with this error and take no effect. A function gets the API's name of the operation, such as `GetRecords`. */
  readonly fail: (
    target: Target & { readonly error: Failure | ((operation: string) => Failure) }
  ) => Effect.Effect<void>
  /** The calls take that much longer, then take effect. */
  readonly delay: (target: Target & { readonly duration: Duration.DurationInput }) => Effect.Effect<void>
  /** The calls take no effect and are never answered: their deadline ends them. */
  readonly hang: (target: Target) => Effect.Effect<void>
  /** The calls take effect, then fail with `ServiceUnavailable`. */
  readonly loseAnswer: (target: Target) => Effect.Effect<void>
  /** The calls of `getRecords` bring no record, a `millisBehindLatest` above 0 and an iterator for the same place. */
  readonly emptyPages: (target: ReadTarget) => Effect.Effect<void>
  /**
   * The calls take effect, and their answers lack these fields: what was a list is an empty one. As from a proxy or an emulator that
   * answers with less than it should.
   */
  readonly omit: (target: Target & { readonly fields: ReadonlyArray<AnswerField> }) => Effect.Effect<void>
  /** Says who decides from now on to which shard a record goes: its writer, or with `"AUTO"` the service. */
  readonly distribute: (
    target: { readonly stream: string; readonly strategy: "AUTO" | "USER_PARTITION_KEY" }
  ) => Effect.Effect<void>
  /** Forgets all faults that have not met their calls. */
  readonly clearFaults: Effect.Effect<void>
  /** Drops records as if their retention had passed: of a shard or of all, up to and including a number or all. */
  readonly trim: (target: {
    readonly stream: string
    readonly shardId?: string | undefined
    readonly upTo?: string | undefined
  }) => Effect.Effect<void>
  /** A closed shard leaves retention: it is no longer listed, and its reads and iterators fail with `ResourceNotFound`. */
  readonly expireShard: (target: { readonly stream: string; readonly shardId: string }) => Effect.Effect<void>
  /** The newest 100,000 calls, oldest first. */
  readonly calls: Effect.Effect<ReadonlyArray<Call>>
  /** All that was ever written to the stream, shard by shard in order; none when there is no such stream. */
  readonly records: (stream: string) => Effect.Effect<ReadonlyArray<WrittenRecord>>
}

/**
 * A field of an answer that a reader goes by.
 *
 * @since 0.1.0
 * @category models
 */
export type AnswerField =
  | "shards"
  | "nextToken"
  | "shardIterator"
  | "records"
  | "nextShardIterator"
  | "millisBehindLatest"
  | "childShards"

/**
 * What a call can be made to fail with: an error of its operation. Nothing checks that the operation has it.
 *
 * @since 0.1.0
 * @category errors
 */
export type Failure = Errors.Failure

/**
 * The knobs of the in-memory service that {@link layer} provides.
 *
 * @since 0.1.0
 * @category tags
 */
export class LocalKinesis extends Context.Tag("@effect-kinesis/local/LocalKinesis")<LocalKinesis, Service>() {}

/**
 * An engine of its own, with its client and its knobs. The client has the deadlines of every client. Dies on options that the service
 * would refuse.
 *
 * @example
 * ```ts
 * import { LocalKinesis } from "@effect-kinesis/local"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const { client, local } = yield* LocalKinesis.make({ streams: [{ name: "orders" }] })
 *   yield* client.putRecord({ stream: "orders", partitionKey: "a", data: new Uint8Array(1) })
 *   return yield* local.calls
 * })
 *
 * Effect.runPromise(program)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (options?: Options) => Effect.Effect<{
  readonly client: KinesisClient.Service
  readonly local: Service
}> = Effect.fnUntraced(function*(options: Options = {}) {
  const engine = makeEngine(options)
  const now = yield* engine.now
  for (const each of options.streams ?? []) {
    const { name, recordDistributionStrategy = "USER_PARTITION_KEY", retentionPeriodHours = 24, shardCount = 1 } = each
    const refusal = Administration.createStream(
      engine.account,
      { stream: name, shardCount },
      now,
      0,
      retentionPeriodHours
    )
    if (refusal !== undefined) return yield* Effect.dieMessage(`stream ${name}: ${refusal.description}`)
    engine.account.streams.get(name)!.distribution = recordDistributionStrategy
  }
  return { client: KinesisClient.withDeadlines(makeClient(engine), options), local: makeKnobs(engine) }
})

/**
 * One engine behind both services.
 *
 * @example
 * ```ts
 * import { LocalKinesis } from "@effect-kinesis/local"
 * import { Effect, Stream } from "effect"
 * import { KinesisClient, KinesisStream, Until } from "effect-kinesis"
 *
 * const program = Effect.gen(function*() {
 *   const client = yield* KinesisClient.KinesisClient
 *   const local = yield* LocalKinesis.LocalKinesis
 *   yield* client.putRecord({ stream: "orders", partitionKey: "1", data: new TextEncoder().encode("kettle") })
 *   yield* local.throttle({ operation: "getRecords", times: 2 })
 *   return yield* Stream.runCount(
 *     KinesisStream.records({ stream: "orders", from: "trim-horizon", until: Until.caughtUp })
 *   )
 * })
 *
 * Effect.runPromise(Effect.provide(program, LocalKinesis.layer({ streams: [{ name: "orders" }] })))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<KinesisClient.KinesisClient | LocalKinesis> =>
  Layer.effectContext(
    Effect.map(
      make(options),
      ({ client, local }) => Context.make(KinesisClient.KinesisClient, client).pipe(Context.add(LocalKinesis, local))
    )
  )

// -----------------------------------------------------------------------------
// internal
// -----------------------------------------------------------------------------

/** Which calls a fault meets: those of an operation, a stream by name, a shard; all where a field is absent. */
interface Scope {
  readonly operation: KinesisClient.Operation | undefined
  readonly stream: string | undefined
  readonly shardId: string | undefined
}

type Action =
  | Faults.Action<Failure | ((operation: string) => Failure)>
  | { readonly _tag: "Throttle" }
  | { readonly _tag: "ExpireIterator" }
  | { readonly _tag: "EmptyPage" }
  | { readonly _tag: "Omit"; readonly fields: ReadonlyArray<string> }

type Met = Faults.Met<Scope, Action>["fault"]

/** What a fault leaves to the operation itself. */
interface Twist {
  readonly emptyPage: boolean
  readonly throttledShard: string | undefined
}

const makeEngine = ({ accountId, latency, region, serverClockSkew = 0, transition }: Options) => ({
  account: Model.makeAccount(accountId ?? "000000000000", region ?? "us-east-1"),
  transition: Duration.toMillis(transition ?? 0),
  calls: Engines.make<Scope, Action, { -readonly [K in keyof Call]: Call[K] }>(latency),
  now: Effect.map(Clock.currentTimeMillis, (millis) => millis + serverClockSkew)
})

type Engine = ReturnType<typeof makeEngine>

const apiName = (operation: KinesisClient.Operation): string => operation[0]!.toUpperCase() + operation.slice(1)

const makeClient = (engine: Engine): KinesisClient.Service => {
  const { account, transition } = engine
  const serve = makeServe(engine)
  return {
    listShards: serve("listShards", (request, now) => Listing.listShards(account, request, now)),
    getShardIterator: serve("getShardIterator", (request, now) => Reading.getShardIterator(account, request, now)),
    getRecords: serve(
      "getRecords",
      (request, now, { emptyPage }) => Reading.getRecords(account, request, now, emptyPage)
    ),
    describeStreamSummary: serve(
      "describeStreamSummary",
      (request, now) => Administration.describeStreamSummary(account, request, now)
    ),
    listStreams: serve("listStreams", (request, now) => Listing.listStreams(account, request, now)),
    putRecord: serve("putRecord", (request, now) => Writing.putRecord(account, request, now)),
    putRecords: serve(
      "putRecords",
      (request, now, { throttledShard }) => Writing.putRecords(account, request, now, throttledShard)
    ),
    dryRun: serve("dryRun", (request, now) => DryRun.dryRun(account, request, now)),
    createStream: serve(
      "createStream",
      (request, now) => Administration.createStream(account, request, now, transition)
    ),
    deleteStream: serve(
      "deleteStream",
      (request, now) => Administration.deleteStream(account, request, now, transition)
    ),
    splitShard: serve("splitShard", (request, now) => Administration.splitShard(account, request, now, transition)),
    mergeShards: serve("mergeShards", (request, now) => Administration.mergeShards(account, request, now, transition)),
    updateShardCount: serve(
      "updateShardCount",
      (request, now) => Administration.updateShardCount(account, request, now, transition)
    ),
    increaseStreamRetentionPeriod: serve(
      "increaseStreamRetentionPeriod",
      (request, now) => Administration.changeRetention(account, request, now, "increase")
    ),
    decreaseStreamRetentionPeriod: serve(
      "decreaseStreamRetentionPeriod",
      (request, now) => Administration.changeRetention(account, request, now, "decrease")
    )
  }
}

type Request<O extends KinesisClient.Operation> = Parameters<KinesisClient.Service[O]>[0]
type Answer<O extends KinesisClient.Operation> = Effect.Effect.Success<ReturnType<KinesisClient.Service[O]>>

/** A call is judged by the server's clock, when it takes effect. */
const makeServe = (engine: Engine) =>
<O extends KinesisClient.Operation>(
  operation: O,
  act: (request: Request<O>, now: number, twist: Twist) => Answer<O> | Refusal
): KinesisClient.Service[O] => {
  const serve = (request: Request<O>) =>
    Effect.flatMap(engine.now, (now) => {
      const subject = CallScope.of(engine.account, operation, request, now)
      const { shardId, stream } = subject
      const api = apiName(CallScope.operationOf(operation, request))
      const where = { operation: api, stream: CallScope.streamOf(request), shardId }
      return Engines.serve(engine.calls, (served) => ({ operation, request, stream, shardId, ...served }), {
        fits: (scope) => CallScope.isMet(scope, subject),
        answerLost: (): Failure => new ServiceUnavailable({ ...where, description: "The answer was lost." }),
        act: (fault) =>
          suffer(engine, where, subject, fault).pipe(
            Effect.zipRight(engine.now),
            Effect.map((now) => act(request, now, toTwist(operation, fault))),
            Effect.filterOrFail(
              (answer): answer is Answer<O> => !isRefusal(answer),
              (refusal) => Errors.fromRefusal(where, refusal as Refusal)
            ),
            Effect.map((answer) => fault?.action._tag === "Omit" ? without(answer, fault.action.fields) : answer)
          )
      })
    })
  return serve as unknown as KinesisClient.Service[O]
}

const without = <A>(answer: A, fields: ReadonlyArray<string>): A =>
  Object.fromEntries(
    Object.entries(answer as object).map(([name, value]) => [
      name,
      !fields.includes(name) ? value : Array.isArray(value) ? [] : undefined
    ])
  ) as A

const toTwist = (operation: KinesisClient.Operation, fault: Met): Twist => ({
  emptyPage: fault?.action._tag === "EmptyPage",
  throttledShard: fault?.action._tag === "Throttle" && operation === "putRecords" ? fault.scope.shardId : undefined
})

/** What a fault does to the call before it takes effect: it fails it, or lets it pass. */
const suffer = (
  { account }: Engine,
  where: Errors.Call,
  { operation, stream = "" }: CallScope.CallScope,
  fault: Met
): Effect.Effect<void, Failure> => {
  const shardId = where.shardId ?? fault?.scope.shardId
  const refuse = (refusal: Refusal) => Effect.fail(Errors.fromRefusal(where, refusal))
  switch (fault?.action._tag) {
    case "Throttle":
      return operation === "putRecords" && fault.scope.shardId !== undefined
        ? Effect.void
        : refuse(rateExceeded({ accountId: account.id, stream, shardId }))
    case "ExpireIterator":
      return refuse({
        refused: "ExpiredIterator",
        description: `Iterator expired: ${place({ accountId: account.id, stream, shardId })}.`
      })
    case "Fail": {
      const { error } = fault.action
      return Effect.fail(typeof error === "function" ? error(where.operation) : error)
    }
    default:
      return Effect.void
  }
}

const makeKnobs = (engine: Engine): Service => {
  const { account, calls } = engine
  const inject = ({ operation, shardId, stream, times }: Target, action: Action): Effect.Effect<void> =>
    Engines.inject(calls, { operation, shardId, stream: Lookup.nameOf(account, stream) ?? stream }, action, times)
  const known = Effect.fnUntraced(function*(stream: string) {
    const found = Lookup.findStream(account, stream, yield* engine.now)
    return isRefusal(found) ? yield* Effect.dieMessage(found.description) : found
  })
  return {
    throttle: (target) => inject(target, { _tag: "Throttle" }),
    expireIterator: (target) => inject({ ...target, operation: "getRecords" }, { _tag: "ExpireIterator" }),
    fail: (target) => inject(target, { _tag: "Fail", error: target.error }),
    delay: (target) => inject(target, { _tag: "Delay", millis: Duration.toMillis(target.duration) }),
    hang: (target) => inject(target, { _tag: "Hang" }),
    loseAnswer: (target) => inject(target, { _tag: "LoseAnswer" }),
    emptyPages: (target) => inject({ ...target, operation: "getRecords" }, { _tag: "EmptyPage" }),
    omit: (target) => inject(target, { _tag: "Omit", fields: target.fields }),
    distribute: Effect.fnUntraced(function*({ strategy, stream }) {
      const found = yield* known(stream)
      found.distribution = strategy
    }),
    clearFaults: Engines.clear(calls),
    trim: Effect.fnUntraced(function*({ shardId, stream, upTo }) {
      const { shards } = yield* known(stream)
      for (const shard of shards) if (shardId === undefined || shard.id === shardId) Lifecycle.trim(shard, upTo)
    }),
    expireShard: Effect.fnUntraced(function*({ shardId, stream }) {
      const { shards } = yield* known(stream)
      const shard = shards.find(({ id }) => id === shardId)
      if (shard === undefined || Model.isOpen(shard)) return yield* Effect.dieMessage(`no closed shard ${shardId}`)
      Lifecycle.expire(shard)
    }),
    calls: Effect.sync(() => calls.log.newest()),
    records: (stream) =>
      Effect.map(engine.now, (now) => {
        const found = Lookup.findStream(account, stream, now)
        if (isRefusal(found)) return []
        Lifecycle.ageAll(found, now)
        return found.shards.flatMap((shard) =>
          shard.log.map(({ record }, index) => ({ ...record, trimmed: index < shard.trimmed }))
        )
      })
  }
}
