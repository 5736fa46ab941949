import * as Consumer from "effect-kinesis/Consumer"
import * as FailurePolicy from "effect-kinesis/FailurePolicy"
import * as KinesisClient from "effect-kinesis/KinesisClient"
import type { KinesisEvent } from "effect-kinesis/KinesisEvent"
import type { KinesisRecord } from "effect-kinesis/KinesisRecord"
import { LeaseStore } from "effect-kinesis/LeaseStore"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as EffectRandom from "effect/Random"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { nameOf, streams } from "./names.js"
import * as Network from "./network.js"
import { type Broken, makeWork, type Piece, tell, type Work } from "./work.js"
import { application, disturb, type Member, type World } from "./world.js"

/** The piece of work that a record whose handler failed last was part of. */
const failedPiece = (
  { notes }: World,
  { life }: Member,
  shardId: string,
  sequenceNumber: string | undefined
): Piece => {
  const found = notes.handlings.findLast((handling) =>
    handling.process === life.index && handling.shardId === shardId && handling.sequenceNumber === sequenceNumber &&
    handling.failed !== undefined
  )
  return found === undefined ? [] : notes.handlings.filter(({ piece }) => piece === found.piece)
}

/** The worker's reports about itself. */
const follow = (world: World, member: Member, told: KinesisEvent, stream: string): void => {
  const { notes } = world
  const event = "shardId" in told && told.shardId !== undefined
    ? { ...told, shardId: nameOf(stream, told.shardId) }
    : told
  const { held, life } = member
  if (event._tag !== "PageRead") notes.write(() => `w${life.index} ${event._tag}${aboutOf(event)}`)
  notes.count(`told: ${event._tag}`)
  switch (event._tag) {
    case "LeaseAcquired": {
      notes.count(`lease taken: ${event.because}`)
      const ownership = {
        process: life.index,
        shardId: event.shardId,
        token: event.fencingToken,
        acquired: notes.moment(),
        because: event.because,
        over: undefined,
        failures: [],
        readings: []
      }
      notes.ownerships.push(ownership)
      held.set(event.shardId, ownership)
      return
    }
    case "ShardStarted": {
      const ownership = held.get(event.shardId)
      if (ownership !== undefined) ownership.readings = [...ownership.readings, notes.moment()]
      return
    }
    case "LeaseLost":
    case "LeaseReleased": {
      const ownership = held.get(event.shardId)
      held.delete(event.shardId)
      if (ownership === undefined) return
      ownership.over = { moment: notes.moment(), how: event._tag === "LeaseLost" ? "lost" : "released" }
      return
    }
    case "SubscriptionEnded":
      notes.count(`subscription ended: ${event.error?._tag ?? "no error"}`)
      return
    case "HandlerFailed": {
      const ownership = held.get(event.shardId)
      if (ownership !== undefined) ownership.failures = [...ownership.failures, notes.moment()]
      if (event.policy === "skip") tell(world, failedPiece(world, member, event.shardId, event.error.sequenceNumber))
    }
  }
}

const aboutOf = (event: KinesisEvent): string => {
  const { error, shardId, ...rest } = event as { readonly shardId?: string; readonly error?: { readonly _tag: string } }
  const shard = shardId === undefined ? "" : ` ${Number(shardId.slice(8))}`
  return `${shard} ${error?._tag ?? JSON.stringify({ ...rest, _tag: undefined })}`
}

const optionsOf = (world: World, member: Member): Consumer.GroupOptions => {
  const { scenario } = world
  const { checkpointMillis } = scenario
  return {
    application,
    stream: scenario.streams === 1 ? streams[0] : streams,
    from: "trim-horizon",
    worker: `w${member.life.index}`,
    leaseDuration: scenario.leaseMillis,
    balanceInterval: scenario.balanceMillis,
    discoveryInterval: scenario.discoveryMillis,
    checkpointInterval: checkpointMillis,
    checkpointRecords: scenario.checkpointRecords,
    maxUnacknowledged: scenario.maxUnacknowledged,
    drainTimeout: scenario.drainMillis,
    cleanupInterval: scenario.cleanupMillis,
    listInterval: 2_000,
    firstContactTimeout: "10 minutes",
    maxRecords: scenario.maxRecords,
    pollInterval: scenario.pollMillis,
    idleInterval: scenario.idleMillis,
    fanOut: member.life.isPushed && { whileUnavailable: scenario.pushing?.whileUnavailable },
    onEvent: (event, stream) => member.process.act(Effect.sync(() => follow(world, member, event, stream)))
  }
}

const policyOf = (world: World, member: Member): FailurePolicy.FailurePolicy => {
  const { notes, random, scenario } = world
  switch (scenario.policy) {
    case "fail":
      return FailurePolicy.fail
    case "skip":
      return FailurePolicy.skip
    case "restart":
      return FailurePolicy.restart(Schedule.intersect(Schedule.spaced(random.int(50, 2000)), Schedule.recurs(3)))
    case "dead-letter":
      return FailurePolicy.deadLetter(({ records, shardId, stream }) =>
        member.process.act(Effect.suspend(() => {
          if (!notes.isHealed && random.chance(0.2)) return Effect.fail("the dead letters' queue is out of reach")
          tell(world, failedPiece(world, member, nameOf(stream, shardId), records[0]!.sequenceNumber))
          return Effect.void
        }))
      )
  }
}

/** Takes the records of one shard one after the other, and acknowledges them from time to time. */
const takeShard = (world: World, member: Member, work: Work) => (shard: Consumer.ShardStream) => {
  const { flushes, inAnyOrder, stageEvery } = world.scenario
  const { checkpointer, lease: { fencingToken }, shardId, stream } = shard
  let untold: Array<readonly [KinesisRecord, Piece]> = []
  const report = member.process.act(Effect.suspend(() => {
    const all = untold
    untold = []
    for (const [, piece] of all) tell(world, piece)
    const last = all.at(-1)
    if (last === undefined) return Effect.void
    if (!inAnyOrder) return checkpointer.stage(last[0])
    return Effect.forEach([...all].reverse(), ([record]) => checkpointer.acknowledge(record), { discard: true })
  }))
  const flush = flushes ? Effect.catchAll(checkpointer.flush, () => Effect.void) : Effect.void
  return Stream.runForEach(
    shard.records,
    (record) =>
      Effect.flatMap(work(member, { stream, shardId, fencingToken }, [record], "later"), (piece) => {
        untold.push([record, piece])
        return untold.length < stageEvery ? Effect.void : Effect.zipRight(report, flush)
      })
  ).pipe(Effect.zipRight(report))
}

/** Makes the worker; returns the effect that runs it. */
const program = (
  world: World,
  member: Member,
  work: Work
): Effect.Effect<
  Effect.Effect<unknown, Consumer.ConsumerError<Broken>, KinesisClient.KinesisClient | LeaseStore>,
  Consumer.ConsumerError,
  KinesisClient.KinesisClient | LeaseStore | Scope.Scope
> =>
  Effect.gen(function*() {
    const { scenario } = world
    const options = optionsOf(world, member)
    if (scenario.intake === "shards") {
      const leaving = yield* Deferred.make<void>()
      member.shutdown = () => Deferred.succeed(leaving, undefined)
      const shards = Consumer.shards({ ...options, stopWhen: Deferred.await(leaving) })
      return Stream.runDrain(
        Stream.flatMap(shards, (shard) => Stream.fromEffect(takeShard(world, member, work)(shard)), {
          concurrency: "unbounded"
        })
      )
    }
    const onFailure = policyOf(world, member)
    const consumer = yield* scenario.intake === "pages"
      ? Consumer.make({
        ...options,
        onFailure,
        pageHandler: (page, shard) => work(member, shard, page.records, "at its end")
      })
      : Consumer.make({
        ...options,
        onFailure,
        concurrency: scenario.concurrency,
        handler: (record, shard) => work(member, shard, [record], "at its end")
      })
    member.shutdown = (drainMillis) => consumer.shutdown(drainMillis)
    return consumer.run
  })

/** The program of a worker's process, until the worker ends. */
export const run = (world: World, member: Member): Effect.Effect<unknown, unknown> =>
  Effect.scoped(Effect.flatten(program(world, member, makeWork(world)))).pipe(
    Effect.provideService(KinesisClient.KinesisClient, Network.clientOf(world, member)),
    Effect.provideService(LeaseStore, Network.storeOf(world, member)),
    Effect.withRandom(EffectRandom.make(`${world.scenario.seed}/${member.life.index}`)),
    Effect.withClock(member.process.clock)
  )

/** Notes how the process of a worker ended, if it did not die. */
export const ended = (world: World, { held, life, process }: Member, exit: Exit.Exit<unknown, unknown>): void => {
  if (process.isDead()) return
  const { notes } = world
  const isWell = Exit.isSuccess(exit) || Cause.isInterruptedOnly(exit.cause)
  const reason = isWell ? "" : Cause.pretty(exit.cause)
  life.end = { moment: notes.moment(), how: isWell ? "left" : "failed", reason }
  held.clear()
  disturb(world)
  notes.count(isWell ? "worker left" : "worker failed")
  notes.write(() => `w${life.index} has ended: ${isWell ? "well" : reason}`)
}
