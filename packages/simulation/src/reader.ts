import * as KinesisClient from "effect-kinesis/KinesisClient"
import type * as KinesisError from "effect-kinesis/KinesisError"
import * as KinesisStream from "effect-kinesis/KinesisStream"
import type { Page } from "effect-kinesis/Page"
import * as Position from "effect-kinesis/Position"
import * as Until from "effect-kinesis/Until"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as Scheduler from "../../kinesis/src/internal/reading/scheduler.js"
import { told } from "./events.js"
import { crash, type Handle, makeHandler } from "./handler.js"
import { type End, startOf } from "./history.js"
import * as Pushes from "./pushes.js"
import type { BriefRun, Until as PlannedUntil } from "./scenario.js"
import { epoch, stream } from "./stream.js"
import type { World } from "./world.js"

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

const consume = (
  world: World,
  options: KinesisStream.Options,
  handle: Handle
): Effect.Effect<void, KinesisError.KinesisError, KinesisClient.KinesisClient> => {
  const handlePage = ({ position, records, shardId }: Page) =>
    handle(shardId, records.map(({ sequenceNumber }) => sequenceNumber), position)
  switch (world.scenario.intake) {
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

const optionsOf = (
  world: World,
  { until }: Pick<BriefRun, "until">,
  positions: Readonly<Record<string, Position.Position>>
): KinesisStream.Options => {
  const { scenario } = world
  return {
    stream,
    from: fromOf(world),
    positions,
    until: toUntil(until),
    maxRecords: scenario.maxRecords,
    pollInterval: scenario.pollMillis,
    idleInterval: scenario.idleMillis,
    listInterval: scenario.listMillis,
    firstContactTimeout: "5 minutes",
    fanOut: scenario.pushing && {
      consumer: Pushes.consumer,
      whileUnavailable: scenario.pushing.whileUnavailable
    },
    onEvent: told(world, until)
  }
}

/** Runs the reader as often as the program is started. */
export const makeReader = (world: World) => {
  const { local, notes, reader } = world
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
    const options = optionsOf(world, planned, positions)
    const { hasFibers, intake, pushing } = world.scenario
    if (pushing !== undefined) notes.count(`shards pushed, or ${pushing.whileUnavailable}`)
    if (intake !== "shards") notes.count(hasFibers ? "shards in fibers" : "shards with one sleep for all")
    const fiber = yield* consume(world, options, handler(index, planned.diesAtPage)).pipe(
      Effect.provideService(KinesisClient.KinesisClient, reader),
      Effect.locally(Scheduler.hasFibers, hasFibers),
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
