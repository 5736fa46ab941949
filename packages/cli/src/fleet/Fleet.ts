import type { StartError } from "@effect-kinesis/server/KinesisServer"
import type { KinesisApi, KinesisError } from "effect-kinesis"
import * as KinesisClient from "effect-kinesis/KinesisClient"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { fileURLToPath } from "node:url"
import * as Warnings from "../Warnings.js"
import * as Writer from "../Writer.js"
import * as Children from "./Children.js"
import * as Emulators from "./Emulators.js"
import * as History from "./History.js"
import * as Report from "./Report.js"

/** A worker ended unexpectedly, or did not end as it should. */
export class WorkerFailed extends Data.TaggedError("WorkerFailed")<{ readonly message: string }> {}

/** An expected event did not happen in time. */
export class NotInTime extends Data.TaggedError("NotInTime")<{ readonly message: string }> {}

export interface Options {
  readonly shardCount: number
  /** How many customers there are, with ten orders per second each. */
  readonly customers: number
  readonly leaseMillis: number
  readonly balanceMillis: number
  readonly discoveryMillis: number
  /** How long an order is worked on. */
  readonly orderMillis: number
  /** Whether the workers subscribe to their shards. Default: they poll them. */
  readonly fanOut?: boolean
  /** The file of the worker's program. Default: `FleetWorker`, from source or built, as this file is. */
  readonly program?: string
}

/** A worker process, as seen from outside. */
export interface Worker {
  readonly name: string
  readonly pid: number
  state: "starting" | "reading" | "leaving" | "left" | "killed" | "failed"
  handled: number
  /** Its last report: how many records it finished while it left, and how many it interrupted. */
  farewell: { readonly drained: number; readonly cut: number } | undefined
  readonly child: Children.Child
}

/** A program that runs beside the workers; it finds the services like they do, and the stream by `STREAM`. */
export interface Beside {
  readonly program: string
  readonly env: Record<string, string>
  readonly onLine: (line: string) => void
}

/** Worker processes that share a stream, and the emulators that they use. */
export interface Fleet {
  readonly history: History.History
  readonly workers: ReadonlyArray<Worker>
  /** Starts another worker. */
  readonly join: Effect.Effect<Worker>
  /** Ends a worker at once. */
  readonly kill: (worker: Worker) => Effect.Effect<void>
  /** Runs another program beside the workers, until the fleet's scope is closed: one that writes the stream, say. */
  readonly start: (options: Beside) => Effect.Effect<Children.Child>
  /** Asks a worker to leave, and returns how long that took. */
  readonly leave: (worker: Worker) => Effect.Effect<number, WorkerFailed>
  /** Writes orders, forever. */
  readonly write: Effect.Effect<void, KinesisError.KinesisError>
  /** In the order of their hash keys. */
  readonly openShards: Effect.Effect<
    ReadonlyArray<KinesisApi.Shard>,
    KinesisError.KinesisError | KinesisError.ExpiredListToken
  >
  /** Splits a shard in the middle, and returns its children. */
  readonly split: (shard: KinesisApi.Shard) => Effect.Effect<ReadonlyArray<string>, FleetError>
  /** Merges two adjacent shards, and returns their child. */
  readonly merge: (left: KinesisApi.Shard, right: KinesisApi.Shard) => Effect.Effect<ReadonlyArray<string>, FleetError>
  /** Checks a condition every 50 ms. Fails if it does not hold in time, or if a worker fails meanwhile. */
  readonly until: (what: string, millis: number, holds: () => boolean) => Effect.Effect<void, FleetError>
  /** Fails when a worker does. */
  readonly failed: Effect.Effect<never, WorkerFailed>
}

export type FleetError =
  | WorkerFailed
  | NotInTime
  | Emulators.EmulatorMissing
  | StartError
  | KinesisError.KinesisError
  | KinesisError.ExpiredListToken

const ownProgram = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../FleetWorker.ts" : "../FleetWorker.js", import.meta.url)
)

const stream = "orders"
const application = "fleet"

/** How long a leaving worker may take before it is killed. */
const graceMillis = 5_000

/** Where the services are, and the stream. */
const environmentOf = (
  { dynamodb, kinesis: { credentials, endpoint, region } }: Emulators.Services
): Record<string, string> => ({
  AWS_REGION: region,
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_ENDPOINT_URL_KINESIS: endpoint,
  ...Warnings.silenced,
  AWS_ENDPOINT_URL_DYNAMODB: dynamodb,
  STREAM: stream
})

const environmentOfWorker = (
  worker: string,
  services: Emulators.Services,
  { balanceMillis, discoveryMillis, fanOut = false, leaseMillis, orderMillis }: Options
): Record<string, string> => ({
  ...environmentOf(services),
  APPLICATION: application,
  WORKER: worker,
  LEASE_DURATION: `${leaseMillis} millis`,
  BALANCE_INTERVAL: `${balanceMillis} millis`,
  DISCOVERY_INTERVAL: `${discoveryMillis} millis`,
  ORDER_DURATION: `${orderMillis} millis`,
  FAN_OUT: String(fanOut)
})

/** The internal state of a fleet. */
interface State {
  readonly options: Options
  readonly services: Emulators.Services
  readonly client: KinesisClient.Service
  /** Closed with the fleet's scope; its processes are ended concurrently. */
  readonly scope: Scope.Scope
  /** Fails with the first worker that does. */
  readonly failure: Deferred.Deferred<never, WorkerFailed>
  readonly history: History.History
  /** In the order in which they joined. */
  readonly workers: Array<Worker>
}

/** Starts the emulators and creates the stream; workers join later. All of it is ended with the scope, the workers first. */
export const make = (options: Options): Effect.Effect<Fleet, FleetError, Scope.Scope> =>
  Effect.gen(function*() {
    yield* Children.guard
    const services = yield* Emulators.start
    const client = yield* KinesisClient.make(services.kinesis)
    yield* client.createStream({ stream, shardCount: options.shardCount })
    yield* untilActive(client)
    const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.parallel)
    const failure = yield* Deferred.make<never, WorkerFailed>()
    return toFleet({ options, services, client, scope, failure, history: History.begin(), workers: [] })
  })

const toFleet = (self: State): Fleet => ({
  history: self.history,
  workers: self.workers,
  join: join(self),
  kill: (worker) => kill(self, worker),
  start: ({ env, onLine, program }) =>
    Scope.extend(
      Children.run({ program, env: { ...environmentOf(self.services), ...env }, graceMillis, onLine }),
      self.scope
    ),
  leave: (worker) => leave(self, worker),
  write: Writer.run({
    client: self.client,
    stream,
    customers: self.options.customers,
    onWritten: (_, { sequenceNumber, shardId }) => void self.history.written.push({ shardId, sequenceNumber })
  }),
  openShards: Effect.map(listShards(self.client), (shards) =>
    shards
      .filter(({ endingSequenceNumber }) => endingSequenceNumber === undefined)
      .sort((a, b) => BigInt(a.hashKeyRange.startingHashKey) < BigInt(b.hashKeyRange.startingHashKey) ? -1 : 1)),
  split: ({ hashKeyRange: { endingHashKey, startingHashKey }, shardId }) =>
    reshard(
      self,
      self.client.splitShard({
        stream,
        shardToSplit: shardId,
        newStartingHashKey: String((BigInt(startingHashKey) + BigInt(endingHashKey)) / 2n)
      })
    ),
  merge: (left, right) =>
    reshard(
      self,
      self.client.mergeShards({ stream, shardToMerge: left.shardId, adjacentShardToMerge: right.shardId })
    ),
  until: (what, millis, holds) => until(self, what, millis, holds),
  failed: Deferred.await(self.failure)
})

const untilActive = (client: KinesisClient.Service) =>
  client.describeStreamSummary({ stream }).pipe(
    Effect.repeat({ until: ({ streamStatus }) => streamStatus === "ACTIVE", schedule: Schedule.spaced("20 millis") })
  )

const listShards = (client: KinesisClient.Service) => Effect.map(client.listShards({ stream }), ({ shards }) => shards)

/** A worker that ends without being asked to has failed, and so has one that ends with an error. */
const watch = (self: State, worker: Worker) =>
  Effect.flatMap(worker.child.ended, ({ code, complaint, signal }) => {
    if (worker.state === "killed" || (worker.state === "leaving" && code === 0)) return Effect.void
    worker.state = "failed"
    const message = `${worker.name} ended with ${signal ?? `code ${code}`}${complaint && `: ${complaint}`}`
    return Effect.asVoid(Deferred.fail(self.failure, new WorkerFailed({ message })))
  })

const told = (self: State, worker: Worker, line: string): void => {
  const report = Report.fromLine(line)
  if (report === undefined) return
  if (report._tag === "Started" && worker.state === "starting") worker.state = "reading"
  if (report._tag === "Handled") worker.handled++
  if (report._tag === "Left") worker.farewell = report
  History.told(self.history, worker.name, report)
}

const join = (self: State) =>
  Effect.gen(function*() {
    const name = `worker-${self.workers.length + 1}`
    const env = environmentOfWorker(name, self.services, self.options)
    const child = yield* Scope.extend(
      Children.run({
        program: self.options.program ?? ownProgram,
        env,
        graceMillis,
        onLine: (line) => told(self, worker, line)
      }),
      self.scope
    )
    const worker: Worker = { name, pid: child.pid, state: "starting", handled: 0, farewell: undefined, child }
    self.workers.push(worker)
    yield* Effect.forkIn(watch(self, worker), self.scope)
    return worker
  })

const kill = (self: State, worker: Worker) =>
  Effect.gen(function*() {
    worker.state = "killed"
    yield* worker.child.kill("SIGKILL")
    const at = yield* Clock.currentTimeMillis
    yield* worker.child.ended
    History.killed(self.history, worker.name, at)
  })

const leave = (self: State, worker: Worker) =>
  Effect.gen(function*() {
    const askedAt = yield* Clock.currentTimeMillis
    worker.state = "leaving"
    yield* worker.child.kill("SIGTERM")
    const { code } = yield* worker.child.ended
    if (code !== 0) return yield* Deferred.await(self.failure)
    worker.state = "left"
    return (yield* Clock.currentTimeMillis) - askedAt
  })

/** Waits for the shards that this reshard creates, and notes their parents. */
const reshard = ({ client, history }: State, call: Effect.Effect<void, KinesisError.KinesisError>) =>
  Effect.gen(function*() {
    const before = new Set((yield* listShards(client)).map(({ shardId }) => shardId))
    yield* call
    yield* untilActive(client)
    const children = (yield* listShards(client)).filter(({ shardId }) => !before.has(shardId))
    for (const { adjacentParentShardId, parentShardId, shardId } of children) {
      history.parents.set(shardId, [parentShardId, adjacentParentShardId].filter((parent) => parent !== undefined))
    }
    return children.map(({ shardId }) => shardId)
  })

const until = ({ failure }: State, ...[what, millis, holds]: Parameters<Fleet["until"]>): ReturnType<Fleet["until"]> =>
  Effect.suspend(() => holds() ? Effect.void : Effect.fail(new NotInTime({ message: what }))).pipe(
    Effect.retry(Schedule.spaced("50 millis")),
    Effect.timeoutFail({
      duration: millis,
      onTimeout: () => new NotInTime({ message: `not in ${millis} ms: ${what}` })
    }),
    Effect.raceFirst(Deferred.await(failure))
  )
