import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import type { Shard } from "../../KinesisApi.js"
import type { Service } from "../../KinesisClient.js"
import { type HandlerError, type KinesisError, ServiceUnavailable } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { LeaseStoreError } from "../../LeaseStoreError.js"
import type { Startable } from "../../Position.js"
import * as MonotonicClock from "../reading/clock.js"
import * as ReadContext from "../reading/context.js"
import * as CountedClient from "../reading/countedClient.js"
import { type Emit, emitter } from "../reading/emit.js"
import * as ListShards from "../reading/listShards.js"
import { hasAnswered, type OutageWatch } from "../reading/outageWatch.js"
import * as Pushes from "../reading/pushes.js"
import * as ReadAhead from "../reading/readAhead.js"
import * as Retry from "../reading/retry.js"
import type { Settings } from "../reading/settings.js"
import * as StartPosition from "../reading/startPosition.js"
import type { GroupSettings } from "./settings.js"
import * as StreamLoss from "./streamLoss.js"

/** One of the streams that a worker reads, and what its shards share. */
export interface GroupStream {
  readonly name: string
  /** `account:name:creation`, in a table of several streams. */
  readonly identifier: string | undefined
  readonly leaseKeyOf: (shardId: string) => string
  /** Where a shard begins that follows no other. */
  readonly start: Startable
  readonly run: ReadContext.ReadContext
  readonly emit: Emit
  /** All shards in retention, or those that were open at the start and since. */
  readonly listShards: (since: "start" | "trim-horizon") => Effect.Effect<ReadonlyArray<Shard>, KinesisError>
}

/** A stream that cannot be read, and why. */
export interface LostStream {
  /** The stream's name. */
  readonly stream: string
  /** Why it cannot be read. */
  readonly error: KinesisError
}

/** What the streams tell the worker. */
export type StreamEvent =
  | { readonly _tag: "StreamLost"; readonly stream: GroupStream }
  | { readonly _tag: "StreamFound" }
  /** The search for a stream has died. */
  | { readonly _tag: "Failed"; readonly cause: Cause.Cause<never> }

/** The streams that a worker reads: those that it can read now, and those that it looks for. */
export interface Streams {
  readonly live: () => ReadonlyArray<GroupStream>
  readonly lost: () => ReadonlyArray<LostStream>
  /** Leaves the stream out and looks for it, if the worker can go on without it; says whether it does. */
  readonly lose: (stream: GroupStream, error: KinesisError) => Effect.Effect<boolean>
  /** Looks for the streams that are lost from the start. */
  readonly start: Effect.Effect<void>
}

/** The identifier that KCL gives a stream in a table of several: a stream that is made anew under its name is another. */
const identify = (client: Service, stream: string) =>
  Effect.flatMap(client.describeStreamSummary({ stream }), ({ creationTimestamp, streamArn, streamName }) => {
    const account = streamArn.split(":")[4]
    return account === undefined || creationTimestamp === undefined
      ? Effect.fail(
        new ServiceUnavailable({
          operation: "DescribeStreamSummary",
          stream,
          description: "the answer lacks the account or the creation time, which the leases of several streams need"
        })
      )
      : Effect.succeed(`${account}:${streamName}:${Math.floor(creationTimestamp.getTime() / 1000)}`)
  })

/** How one stream is found. */
interface Source {
  readonly settings: Settings
  readonly client: Service
  readonly emit: Emit
  readonly find: Effect.Effect<GroupStream, KinesisError>
}

const brief = { throttleRetry: Schedule.recurs(2), transientRetry: Schedule.recurs(2), resourceRetry: Schedule.stop }

const sourceOf = (
  untracked: Service,
  { fanOut, from, isMultiStream, onEvent, onStreamLost }: GroupSettings,
  readAhead: ReadAhead.ReadAhead,
  settings: Settings,
  latest: Startable,
  outages: OutageWatch,
  scope: Scope.Scope
): Source => {
  const { stream } = settings
  const client = CountedClient.make(untracked, stream)
  const emit = emitter({
    stream,
    onEvent: onEvent === undefined ? undefined : (event) => onEvent(event, stream)
  })
  const once = Retry.retrying(brief, emit, outages)
  /** Whether the stream is lost, or the service out of reach, is known only after an answer. */
  const atFirst = Retry.retrying({ ...brief, transientRetry: settings.transientRetry }, emit, outages)
  const retrying = onStreamLost === "fail"
    ? Retry.retrying(settings, emit, outages)
    : <A>(call: Effect.Effect<A, KinesisError>) => (hasAnswered(outages) ? once : atFirst)(call)
  return {
    settings,
    client,
    emit,
    find: Effect.gen(function*() {
      const polling = yield* ReadContext.make(client, settings, emit, readAhead, outages)
      /** A group has no more workers that look for its consumer at once. */
      let shards = 1
      const run = yield* Scope.extend(Pushes.pushing(polling, fanOut, () => shards), scope)
      const start = StartPosition.toPosition(from)._tag === "Latest"
        ? latest
        : (yield* StartPosition.resolve(client, stream, from, emit, retrying)) as Startable
      const identifier = isMultiStream ? yield* retrying(identify(client, stream)) : undefined
      return {
        name: stream,
        identifier,
        leaseKeyOf: (shardId) => identifier === undefined ? shardId : `${identifier}:${shardId}`,
        start,
        run,
        emit,
        listShards: (since) =>
          Effect.tap(
            ListShards.all(
              client,
              stream,
              since === "start" ? ListShards.since(start) : { type: "FROM_TRIM_HORIZON" },
              once
            ),
            (listed) => Effect.sync(() => shards = listed.length)
          )
      }
    })
  }
}

/** A stream that is described may still be one that cannot be read, or that has no consumer as which to subscribe. */
const probe = ({ client, settings: { stream } }: Source, { listShards, run: { pushes } }: GroupStream) =>
  Effect.gen(function*() {
    const [shard] = yield* listShards("trim-horizon")
    if (pushes !== undefined) yield* pushes.arn
    if (shard === undefined) return
    const { shardId } = shard
    const position = { _tag: "TrimHorizon" } as const
    const { shardIterator } = yield* client.getShardIterator({ stream, shardId, position })
    yield* Effect.catchTag(
      client.getRecords({ stream, shardId, shardIterator, limit: 1 }),
      "ExpiredIterator",
      () => Effect.void
    )
  })

interface Lost {
  readonly source: Source
  readonly error: KinesisError
  readonly attempt: number
}

/** The streams of a worker from within. */
interface State {
  readonly post: (event: StreamEvent) => void
  /** Of the fibers that look for lost streams. */
  readonly scope: Scope.Scope
  readonly sources: ReadonlyArray<Source>
  /** A stream that is lost leaves the others alone. */
  readonly canGoOn: boolean
  live: ReadonlyArray<GroupStream>
  /** By name. */
  readonly lost: Map<string, Lost>
  /** When a stream that was lost was found, by the monotonic clock, and how often it had been looked for. */
  readonly found: Map<string, { readonly at: number; readonly attempt: number }>
}

/**
 * The streams, as far as they are found. Where a stream that is lost leaves the others alone, one that is missing does so from the start;
 * when none is left, or none is found, there is nothing to go on with.
 */
export const make = (
  client: Service,
  settings: GroupSettings,
  outages: OutageWatch,
  scope: Scope.Scope,
  post: (event: StreamEvent) => void
): Effect.Effect<Streams, KinesisError, Scope.Scope> =>
  Effect.gen(function*() {
    const readAhead = yield* ReadAhead.make(settings.maxReadAheadBytes)
    /** A stream that is found later begins where it would have begun now. */
    const latest = StartPosition.latestAt(yield* Clock.currentTimeMillis)
    const self: State = {
      post,
      scope,
      sources: settings.streams.map((each) => sourceOf(client, settings, readAhead, each, latest, outages, scope)),
      canGoOn: settings.onStreamLost === "continue",
      live: [],
      lost: new Map(),
      found: new Map()
    }
    yield* findAll(self)
    return {
      live: () => self.live,
      lost: () => [...self.lost.values()].map(({ error, source }) => ({ stream: source.settings.stream, error })),
      lose: (stream, error) => lose(self, stream, error),
      start: Effect.suspend(() =>
        Effect.forEach([...self.lost.values()], (each) => look(self, each), { discard: true })
      )
    }
  })

/** Finds the streams for the first time. */
const findAll = (self: State): Effect.Effect<void, KinesisError> =>
  Effect.gen(function*() {
    const { canGoOn, lost, sources } = self
    const found = yield* Effect.forEach(sources, (source) => Effect.either(source.find))
    for (const [index, source] of sources.entries()) {
      const outcome = found[index]!
      if (outcome._tag === "Right") self.live = [...self.live, outcome.right]
      else if (!canGoOn || !StreamLoss.isLostByReading(outcome.left)) return yield* Effect.fail(outcome.left)
      else lost.set(source.settings.stream, { source, error: outcome.left, attempt: 0 })
    }
    const [first] = lost.values()
    if (self.live.length === 0 && first !== undefined) return yield* Effect.fail(first.error)
  })

const lose = (self: State, stream: GroupStream, error: KinesisError): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    const { canGoOn, found, lost, post, sources } = self
    if (!self.live.includes(stream)) return canGoOn
    if (!canGoOn || self.live.length === 1) return false
    self.live = self.live.filter((each) => each !== stream)
    const before = found.get(stream.name)
    const foundFor = (yield* MonotonicClock.monotonicMillis) - (before?.at ?? -Infinity)
    const attempt = before !== undefined && StreamLoss.isLostAgain(foundFor) ? before.attempt : 0
    const source = sources.find(({ settings }) => settings.stream === stream.name)!
    const entry = { source, error, attempt }
    lost.set(stream.name, entry)
    post({ _tag: "StreamLost", stream })
    yield* look(self, entry)
    return true
  })

// -----------------------------------------------------------------------------
// The search for a lost stream, in a fiber of its own for each. It waits before it
// looks, longer each time, since the stream was just found to be lost. It ends when
// the stream can be read, or with the worker's scope; a search that dies ends the
// worker, which would else wait for the stream for ever. The stream is live before
// the worker is told, so that the look that follows sees it.
// -----------------------------------------------------------------------------

const look = (self: State, lost: Lost): Effect.Effect<void> =>
  Effect.logWarning(`${lost.source.settings.stream} cannot be read and is looked for: ${lost.error.message}`).pipe(
    Effect.zipRight(
      lookFor(self, lost).pipe(
        Effect.catchAllDefect((defect) => Effect.sync(() => self.post({ _tag: "Failed", cause: Cause.die(defect) }))),
        Effect.interruptible,
        Effect.forkIn(self.scope)
      )
    )
  )

const lookFor = (self: State, { attempt, error, source }: Lost): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { emit, settings: { stream } } = source
    self.lost.set(stream, { source, error, attempt })
    const jitter = 0.8 + 0.4 * (yield* Random.next)
    const retryInMillis = Math.round(StreamLoss.backoffMillis(attempt) * jitter)
    yield* emit(KinesisEvent.StreamLost({ stream, error, retryInMillis }))
    yield* Effect.sleep(retryInMillis)
    const again = yield* Effect.either(Effect.tap(source.find, (stream) => probe(source, stream)))
    if (again._tag === "Left") return yield* lookFor(self, { source, error: again.left, attempt: attempt + 1 })
    self.lost.delete(stream)
    self.found.set(stream, { at: yield* MonotonicClock.monotonicMillis, attempt: attempt + 1 })
    self.live = [...self.live, again.right]
    yield* emit(KinesisEvent.StreamFound({ stream }))
    self.post({ _tag: "StreamFound" })
  })

/** The error is one of the stream's, for which the stream can be left out. */
export const isLoss = (error: KinesisError | LeaseStoreError | HandlerError): error is KinesisError =>
  StreamLoss.isLostByReading(error)
