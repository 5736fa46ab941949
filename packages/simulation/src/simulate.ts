import * as LocalKinesis from "@effect-kinesis/local/LocalKinesis"
import type { Shard } from "effect-kinesis/KinesisApi"
import * as KinesisClient from "effect-kinesis/KinesisClient"
import type * as KinesisError from "effect-kinesis/KinesisError"
import type { KinesisEvent } from "effect-kinesis/KinesisEvent"
import * as KinesisStream from "effect-kinesis/KinesisStream"
import type { Page } from "effect-kinesis/Page"
import * as Position from "effect-kinesis/Position"
import * as Until from "effect-kinesis/Until"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as EffectRandom from "effect/Random"
import * as Stream from "effect/Stream"
import type { Batch, Call, End, History, LogLine, Run, Written } from "./history.js"
import { recordId, startOf } from "./history.js"
import * as Random from "./random.js"
import type { Action, BriefRun, ReadOperation, Scenario, Until as PlannedUntil } from "./scenario.js"
import {
  change,
  epoch,
  look,
  makeWriter,
  numberOf,
  ownListing,
  pick,
  short,
  sleepUntil,
  stream,
  type StreamWorld,
  targeting,
  watch
} from "./stream.js"
import * as VirtualTime from "./virtualTime.js"

const maxWakeUps = 100_000
const maxRestarts = 8

/** What is noted while a history happens. */
const makeNotes = (verbose: boolean) => {
  const log: Array<LogLine> = []
  const met = new Map<string, number>()
  let ticks = 0
  return {
    log,
    met,
    batches: [] as Array<{ -readonly [Key in keyof Batch]: Batch[Key] }>,
    runs: [] as Array<{ readonly run: Run; readonly calls: readonly [from: number, to: number] }>,
    parents: new Map<string, ReadonlyArray<string>>(),
    shards: new Map<string, Shard>(),
    stored: {} as Record<string, Position.Position>,
    handled: new Set<string>(),
    trimmedAt: new Map<string, number>(),
    /** Of the run under way: when each shard that it reads was last seen at its tip, and which had more to come. */
    seenAtTip: new Map<string, number>(),
    behind: new Set<string>(),
    lastRecordsAt: 0,
    /** All its shards were seen at their tips after no record had come for as long as its `until` says. */
    wasIdle: false,
    /** A page came. */
    answered: false,
    listings: [] as Array<number>,
    listed: new Set<string>(),
    hasLostStored: false,
    /** Of the first run. */
    startedAt: Infinity,
    /** The first run found out that the reader's clock is ahead. */
    clockFound: false,
    tick: () => ticks++,
    count: (fault: string, times = 1) => void met.set(fault, (met.get(fault) ?? 0) + times),
    say: (text: () => string): Effect.Effect<void> =>
      verbose ? Effect.map(Clock.currentTimeMillis, (at) => void log.push({ at, text: text() })) : Effect.void
  }
}

type Notes = ReturnType<typeof makeNotes>

/** The service, as the history changes it and as the reader sees it. */
interface World extends StreamWorld {
  readonly scenario: Scenario
  readonly notes: Notes
  readonly reader: KinesisClient.Service
}

// -----------------------------------------------------------------------------
// what happens to the stream
// -----------------------------------------------------------------------------

/** Remembers when each record left the stream. */
const noteTrimmed = ({ local, notes }: World): Effect.Effect<void> =>
  Effect.zipWith(local.records(stream), Clock.currentTimeMillis, (records, now) => {
    for (const { sequenceNumber, shardId, trimmed } of records) {
      const id = recordId(shardId, sequenceNumber)
      if (!trimmed || notes.trimmedAt.has(id)) continue
      notes.trimmedAt.set(id, now)
      if (!notes.handled.has(id)) notes.count("record gone before it was handled")
    }
  })

/** Does one thing of the scenario, as far as the stream allows it by then. */
const act = (world: World, action: Exclude<Action, { _tag: "Write" }>): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { local, notes } = world
    if (action._tag !== "Trim" && action._tag !== "ExpireShard") return yield* change(world, action)
    yield* notes.say(() => `-- ${JSON.stringify(action)}`)
    switch (action._tag) {
      case "Trim": {
        const { shardId } = targeting(notes)(action.shard)
        const records = (yield* local.records(stream)).filter((record) => record.shardId === shardId)
        const upTo = pick(records, action.part)?.sequenceNumber
        yield* noteTrimmed(world)
        yield* local.trim({ stream, shardId, upTo: action.part === 1 ? undefined : upTo })
        return yield* noteTrimmed(world)
      }
      case "ExpireShard": {
        const shards = yield* look(world)
        const oldest = shards.filter(({ adjacentParentShardId, endingSequenceNumber, parentShardId }) =>
          endingSequenceNumber !== undefined &&
          ![parentShardId, adjacentParentShardId].some((parent) => parent !== undefined && notes.shards.has(parent))
        )
        const shard = pick(oldest, action.shard)
        if (shard === undefined) return
        yield* noteTrimmed(world)
        yield* local.expireShard({ stream, shardId: shard.shardId })
        notes.count("shard left retention")
        return yield* noteTrimmed(world)
      }
    }
  })

/** All steps in their order: one fiber writes, the other does everything else, and heals at the end. */
const unfold = (world: World): Effect.Effect<void> => {
  const { healAt, steps } = world.scenario
  const write = makeWriter(world)
  const writing = Effect.forEach(
    steps,
    ({ action, at }) => action._tag === "Write" ? Effect.zipRight(sleepUntil(at), write(action)) : Effect.void,
    { discard: true }
  )
  const meddling = Effect.forEach(
    steps,
    ({ action, at }) => action._tag === "Write" ? Effect.void : Effect.zipRight(sleepUntil(at), act(world, action)),
    { discard: true }
  )
  const healing = Effect.zipRight(
    sleepUntil(healAt),
    Effect.suspend(() => {
      world.listTokens.expiring = 0
      return world.local.clearFaults
    })
  )
  return Effect.all([writing, Effect.zipRight(meddling, healing)], { concurrency: "unbounded", discard: true }).pipe(
    Effect.zipRight(world.notes.say(() => "-- all is well from here on"))
  )
}

// -----------------------------------------------------------------------------
// the reader
// -----------------------------------------------------------------------------

const toUntil = (until: PlannedUntil): Until.Until => {
  switch (until._tag) {
    case "Never":
      return Until.never
    case "CaughtUp":
      return Until.caughtUp
    case "Elapsed":
      return Until.elapsed(until.millis)
    case "Idle":
      return Until.idle(until.millis)
    case "Instant":
      return Until.instant(epoch + until.at)
    case "Count":
      return Until.count(until.count)
  }
}

const crash = "the program crashed"

/**
 * The program's own work on what it reads: it takes its time, dies where the scenario says, and stores how far it has
 * come.
 */
const makeHandler = ({ notes, scenario }: World) => {
  let pages = 0
  const sinceStored = new Map<string, number>()
  return (run: number, diesAtPage: number | undefined) => {
    let pagesOfRun = 0
    return (
      shardId: string,
      sequenceNumbers: ReadonlyArray<string>,
      position: Position.Position
    ): Effect.Effect<void> =>
      Effect.flatMap(Clock.currentTimeMillis, (at) => {
        const batch: Notes["batches"][number] = {
          run,
          shardId,
          sequenceNumbers,
          at,
          began: notes.tick(),
          done: undefined
        }
        notes.batches.push(batch)
        const brings = sequenceNumbers.length > 0
        if (brings) pages++
        if (brings) pagesOfRun++
        const slow = brings ? scenario.slowPages.find(({ page }) => page === pages)?.millis ?? 0 : 0
        if (slow >= 300_000) notes.count("handler of 5 minutes or more")
        const usual = brings && at < epoch + scenario.healAt ? scenario.handlerMillis : 0
        const finish = Effect.suspend(() => {
          batch.done = notes.tick()
          for (const sequenceNumber of sequenceNumbers) notes.handled.add(recordId(shardId, sequenceNumber))
          const count = (sinceStored.get(shardId) ?? 0) + 1
          sinceStored.set(shardId, count)
          if (count % scenario.storeEvery === 0) notes.stored[shardId] = position
          return brings ? notes.say(() => `handled${short(shardId)}: ${sequenceNumbers.length} records`) : Effect.void
        })
        const work = brings && pagesOfRun === diesAtPage ? Effect.dieMessage(crash) : finish
        return slow + usual > 0 ? Effect.delay(work, slow + usual) : work
      })
  }
}

type Handle = ReturnType<ReturnType<typeof makeHandler>>

/** What a run's events tell of how far it has come. */
const follow = (notes: Notes, until: PlannedUntil, event: KinesisEvent, now: number): void => {
  switch (event._tag) {
    case "ShardStarted":
      return void notes.seenAtTip.set(event.shardId, -Infinity)
    case "ShardEnded":
    case "ShardLost":
      if (event._tag === "ShardLost" && event.shardId in notes.stored) notes.hasLostStored = true
      notes.seenAtTip.delete(event.shardId)
      return void notes.behind.delete(event.shardId)
    case "PageRead":
      notes.answered = true
      if (event.millisBehindLatest === 0) notes.behind.delete(event.shardId)
      else if (event.millisBehindLatest !== undefined) notes.behind.add(event.shardId)
      if (event.records > 0) notes.lastRecordsAt = now
      notes.seenAtTip.set(event.shardId, event.millisBehindLatest === 0 ? now : -Infinity)
      if (until._tag === "Idle") {
        notes.wasIdle ||= [...notes.seenAtTip.values()].every((at) => at - notes.lastRecordsAt >= until.millis)
      }
  }
}

const told = ({ notes }: World, until: PlannedUntil) => (event: KinesisEvent): Effect.Effect<void> => {
  if (event._tag === "ClockAhead" && notes.runs.length === 0) notes.clockFound = true
  if (event._tag === "ShardsFound") notes.count(`shards found by ${event.source}`)
  if (
    ["IteratorMissing", "ShardLost", "ClockAhead", "StartClamped", "ListingFailed", "ShardEnded"].includes(event._tag)
  ) {
    notes.count(`told: ${event._tag}`)
  }
  const followed = Effect.map(Clock.currentTimeMillis, (now) => follow(notes, until, event, now))
  return event._tag === "PageRead" || event._tag === "Throttled" || event._tag === "CallFailed"
    ? followed
    : Effect.zipRight(
      followed,
      notes.say(() => `told ${JSON.stringify(event, (key, value) => key === "error" ? value._tag : value)}`)
    )
}

/** An answer without shards is no listing. */
const noteListings = (notes: Notes, client: KinesisClient.Service): KinesisClient.Service => ({
  ...client,
  listShards: (request) =>
    Effect.tap(client.listShards(request), ({ shards }) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        if (shards.length > 0) notes.listings.push(now)
        for (const { shardId } of shards) notes.listed.add(shardId)
      }))
})

const consume = (
  world: World,
  options: KinesisStream.Options,
  handle: Handle
): Effect.Effect<void, KinesisError.KinesisError, KinesisClient.KinesisClient> => {
  const handlePage = ({ position, records, shardId }: Page) =>
    handle(shardId, records.map(({ sequenceNumber }) => sequenceNumber), position)
  switch (world.scenario.view) {
    case "pages":
      return Stream.runForEach(KinesisStream.pages(options), handlePage)
    case "records":
      return Stream.runForEach(
        KinesisStream.records(options),
        ({ sequenceNumber, shardId }) => handle(shardId, [sequenceNumber], Position.afterSequenceNumber(sequenceNumber))
      )
    case "shards":
      return Stream.runDrain(
        Stream.flatMap(KinesisStream.shards(options), ({ pages }) => Stream.mapEffect(pages, handlePage), {
          concurrency: "unbounded"
        })
      )
  }
}

/** A program that was started again goes on from the instant at which it first began, as the server's clock had it. */
const fromOf = (world: World): KinesisStream.Options["from"] => {
  const { notes: { clockFound, runs, startedAt }, scenario } = world
  if (scenario.from._tag === "TrimHorizon") return "trim-horizon"
  if (scenario.from._tag === "Date") return new Date(epoch + scenario.from.at)
  return runs.length === 0
    ? "latest"
    : new Date(startOf({ epoch, startedAt, scenario, clockFound }).notBefore)
}

const endOf = (exit: Exit.Exit<void, KinesisError.KinesisError>): End => {
  if (Exit.isSuccess(exit)) return { _tag: "Ended" }
  const failure = Cause.failureOption(exit.cause)
  if (failure._tag === "Some") {
    const { _tag: error, message, operation, shardId } = failure.value
    return { _tag: "Failed", error, operation, shardId, message }
  }
  const isOurs = Cause.isInterruptedOnly(exit.cause) || Cause.pretty(exit.cause).includes(crash)
  return isOurs
    ? { _tag: "Crashed" }
    : { _tag: "Failed", error: "defect", operation: "", shardId: undefined, message: Cause.pretty(exit.cause) }
}

const makeReader = (world: World) => {
  const { local, notes, reader, scenario } = world
  const handler = makeHandler(world)
  /** Runs the reader until it ends or `enough` does. */
  return Effect.fnUntraced(function*(
    planned: Pick<BriefRun, "until" | "diesAtPage">,
    enough: Effect.Effect<void>,
    onEnough: "Crashed" | "Stopped"
  ) {
    const index = notes.runs.length
    const positions = { ...notes.stored }
    const startedAt = yield* Clock.currentTimeMillis
    notes.seenAtTip.clear()
    notes.behind.clear()
    notes.lastRecordsAt = startedAt
    notes.wasIdle = false
    notes.answered = false
    notes.listings = []
    notes.listed = new Set()
    notes.hasLostStored = false
    notes.startedAt = Math.min(notes.startedAt, startedAt)
    const firstCall = (yield* local.calls).length
    yield* notes.say(() =>
      `== run ${index} starts, until ${JSON.stringify(planned.until)}, at ${JSON.stringify(positions)}`
    )
    const options: KinesisStream.Options = {
      stream,
      from: fromOf(world),
      positions,
      until: toUntil(planned.until),
      maxRecords: scenario.maxRecords,
      pollInterval: scenario.pollMillis,
      idleInterval: scenario.idleMillis,
      listInterval: scenario.listMillis,
      onEvent: told(world, planned.until)
    }
    const fiber = yield* consume(world, options, handler(index, planned.diesAtPage)).pipe(
      Effect.provideService(KinesisClient.KinesisClient, reader),
      Effect.fork
    )
    yield* Effect.raceFirst(Effect.asVoid(Fiber.await(fiber)), enough)
    const exit = yield* Fiber.interrupt(fiber)
    const found = endOf(exit)
    const end: End =
      found._tag === "Crashed" && Cause.isInterruptedOnly(Exit.isFailure(exit) ? exit.cause : Cause.empty)
        ? { _tag: onEnough }
        : found
    const endedAt = yield* Clock.currentTimeMillis
    const calls = [firstCall, (yield* local.calls).length] as const
    notes.runs.push({
      run: {
        startedAt,
        endedAt,
        until: planned.until,
        end,
        behind: [...notes.behind],
        wasIdle: notes.wasIdle,
        answered: notes.answered,
        listings: notes.listings,
        listed: notes.listed,
        hasLostStored: notes.hasLostStored,
        positions
      },
      calls
    })
    notes.count(`run ${end._tag.toLowerCase()}${end._tag === "Ended" ? `: ${planned.until._tag}` : ""}`)
    yield* notes.say(() => `== run ${index}: ${JSON.stringify(end)}`)
    return end
  })
}

/** What must still be handled: it was written from the start on and is in the stream. */
const outstanding = ({ local, notes, scenario }: World): Effect.Effect<number> =>
  Effect.map(local.records(stream), (records) => {
    const { allFrom } = startOf({ epoch, startedAt: notes.startedAt, scenario, clockFound: notes.clockFound })
    return records.filter(({ approximateArrivalTimestamp, sequenceNumber, shardId, trimmed }) =>
      !trimmed && approximateArrivalTimestamp!.getTime() >= allFrom &&
      !notes.handled.has(recordId(shardId, sequenceNumber))
    ).length
  })

/** The reader's life: the brief runs, and a last one that has to come to the end. Gives why it did not. */
const live = (world: World, unfolding: Fiber.Fiber<void>): Effect.Effect<string | undefined> =>
  Effect.gen(function*() {
    const { notes, scenario } = world
    const read = makeReader(world)
    yield* Effect.sleep(scenario.startAt)
    for (const planned of scenario.briefRuns) {
      yield* read(planned, Effect.sleep(planned.forMillis), "Crashed")
      yield* Effect.sleep(planned.downMillis)
    }
    const lasts = scenario.lastUntil._tag === "Never"
    if (!lasts) yield* Fiber.await(unfolding)
    let problem: string | undefined
    const complete = Effect.gen(function*() {
      yield* Fiber.await(unfolding)
      const written = (yield* world.local.records(stream)).length
      const slow = scenario.slowPages.reduce((sum, { millis }) => sum + millis, 0)
      const patience = 15 * 60_000 + slow + 4 * scenario.idleMillis +
        written * (scenario.pollMillis + scenario.latencyMillis + scenario.handlerMillis)
      const deadline = (yield* Clock.currentTimeMillis) + patience
      while ((yield* Clock.currentTimeMillis) < deadline) {
        yield* Effect.sleep(5_000)
        if (lasts && (yield* outstanding(world)) === 0) return yield* Effect.sleep(2 * scenario.idleMillis + 1_000)
      }
      const left = yield* outstanding(world)
      problem = `the last run did not ${lasts ? "read" : "end after"} everything in ${
        patience / 60_000
      } minutes: ${left} records are left`
    })
    for (let restarts = 0; restarts < maxRestarts; restarts++) {
      const end = yield* read({ until: scenario.lastUntil, diesAtPage: undefined }, complete, "Stopped")
      if (end._tag !== "Failed") return problem
      yield* Effect.sleep(5_000)
    }
    const end = notes.runs.at(-1)!.run.end
    return `the last run failed again and again: ${end._tag === "Failed" ? end.message : ""}`
  })

const readOperations: ReadonlyArray<string> = [
  "getRecords",
  "getShardIterator",
  "listShards",
  "describeStreamSummary"
]

const isReadCall = ({ operation, request }: LocalKinesis.Call): boolean =>
  readOperations.includes(operation) && (request as { maxResults?: number }).maxResults !== ownListing

const toCall = (notes: Notes) => (call: LocalKinesis.Call, index: number): Call => {
  const run = notes.runs.findIndex(({ calls: [from, to] }) => index >= from && index < to)
  return {
    run: run < 0 ? undefined : run,
    operation: call.operation as ReadOperation,
    at: call.at,
    shardId: call.shardId,
    outcome: call.outcome,
    fields: Object.entries(call.request).filter(([field, value]) => field !== "maxResults" && value !== undefined)
      .map(([field]) => field)
  }
}

const day = 24 * 3_600_000

const toWritten = ({ notes, scenario }: World) => (record: LocalKinesis.WrittenRecord): Written => {
  const { approximateArrivalTimestamp, partitionKey, sequenceNumber, shardId, trimmed } = record
  const arrival = approximateArrivalTimestamp!.getTime()
  return {
    shardId,
    sequenceNumber,
    key: partitionKey ?? "",
    number: numberOf(record),
    arrival,
    trimmedAt: trimmed
      ? Math.min(
        notes.trimmedAt.get(recordId(shardId, sequenceNumber)) ?? Infinity,
        arrival - scenario.skewMillis + day
      )
      : undefined
  }
}

/** Everything that the seed's history is, on a client and an in-memory Kinesis of its own. */
const makeWorld = (scenario: Scenario, notes: Notes): Effect.Effect<World> =>
  Effect.map(
    LocalKinesis.make({
      streams: [{ name: stream, shardCount: scenario.shardCount }],
      latency: scenario.latencyMillis,
      transition: scenario.transitionMillis,
      serverClockSkew: scenario.skewMillis
    }),
    ({ client, local }) => {
      const world = { scenario, notes, client, local, listTokens: { expiring: 0 } }
      return { ...world, reader: noteListings(world.notes, watch(world, scenario)) }
    }
  )

/**
 * Lets a scenario happen, from its start to its end, in virtual time: what was written, what the reader brought, and
 * each call it made. Only a verbose one has a log.
 */
export const simulate = (scenario: Scenario, options: { readonly verbose?: boolean } = {}): History => {
  const notes = makeNotes(options.verbose ?? false)
  let written: ReadonlyArray<Written> = []
  let calls: ReadonlyArray<Call> = []
  const program = Effect.gen(function*() {
    const world = yield* makeWorld(scenario, notes)
    yield* look(world)
    const unfolding = yield* Effect.fork(unfold(world))
    const problem = yield* live(world, unfolding)
    yield* Effect.sleep(60_000)
    written = (yield* world.local.records(stream)).map(toWritten(world))
    calls = (yield* world.local.calls).map((call, index) => [call, index] as const)
      .filter(([call]) => isReadCall(call))
      .map(([call, index]) => toCall(notes)(call, index))
    return problem
  }).pipe(
    Effect.withRandom(EffectRandom.make(scenario.seed)),
    Logger.withMinimumLogLevel(LogLevel.None)
  )
  const outcome = VirtualTime.run(program, {
    epoch,
    interleaving: { shuffled: scenario.shuffled, stepsBeforeYield: scenario.stepsBeforeYield },
    random: Random.make(scenario.seed, 1),
    maxWakeUps
  })
  const unfinished = outcome._tag === "Stuck"
    ? "every fiber waits for what will not come"
    : outcome._tag === "Endless"
    ? `no end after time moved ${outcome.wakeUps} times`
    : Exit.isFailure(outcome.exit)
    ? `the simulation failed: ${Cause.pretty(outcome.exit.cause)}`
    : outcome.exit.value
  return {
    scenario,
    epoch,
    written,
    batches: notes.batches,
    runs: notes.runs.map(({ run }) => run),
    calls,
    parents: notes.parents,
    clockFound: notes.clockFound,
    unfinished,
    met: notes.met,
    wakeUps: outcome.wakeUps,
    log: notes.log
  }
}
