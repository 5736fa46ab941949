import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import type { KinesisError } from "../../KinesisError.js"
import * as Sleeper from "../shard/sleeper.js"
import * as ReadContext from "./context.js"
import type * as Coordinator from "./coordinator.js"
import * as Drive from "./drive.js"
import * as Interruption from "./interruption.js"
import * as PageQueue from "./pageQueue.js"
import type { PageSource, ShardToRead } from "./pageSource.js"
import * as Poller from "./poller.js"
import * as ReadAhead from "./readAhead.js"
import * as Sources from "./sources.js"
import * as Turns from "./turns.js"

/** Whether each shard has a fiber of its own all the time: the simulation plays histories both ways. */
export const hasFibers: FiberRef.FiberRef<boolean> = globalValue(
  "effect-kinesis/internal/hasFibers",
  () => FiberRef.unsafeMake(false)
)

/** A fiber whose end is told. */
type Running = Fiber.RuntimeFiber<unknown>

/** A shard that is being read. */
interface Shard {
  readonly poller: Poller.Poller
  /** A request, or a fiber that drives the shard; none while the shard sleeps, waits for room, or has its page held back. */
  fiber: Running | undefined
  /** It is waiting for a page, or for room for one, and not for the taker of a page. */
  isPolling: boolean
}

/** The one sleep for all shards. */
interface Alarm {
  readonly at: number
  readonly fiber: Running
}

/** The shards of a run whose pages are merged. */
export interface Scheduler {
  readonly coordinated: Pick<Coordinator.Coordinated, "context" | "left" | "noLongerRead">
  readonly pages: PageQueue.PageQueue
  /** Called when the reading of a shard has ended, with what that means for the run. */
  readonly onEnd: (exit: Exit.Exit<void, KinesisError>) => void
  /** Runs an effect in a fiber of its own, and tells how it ended: a failure is nobody else's business. */
  readonly fork: <A, E>(effect: Effect.Effect<A, E>, onExit: (exit: Exit.Exit<A, E>) => void) => Running
  readonly hasFibers: boolean
  readonly shards: Set<Shard>
  readonly sleeper: Sleeper.Sleeper<Shard>
  alarm: Alarm | undefined
  /** The time of the run is over. */
  isOver: boolean
  /** Nobody will take a page any more. */
  isClosed: boolean
}

export const make = (
  coordinated: Scheduler["coordinated"],
  pages: PageQueue.PageQueue,
  onEnd: Scheduler["onEnd"]
): Effect.Effect<Scheduler> =>
  Effect.gen(function*() {
    const runtime = Runtime.enableRuntimeFlag(
      yield* Turns.inOneQueue(Effect.runtime<never>()),
      RuntimeFlags.Interruption
    )
    return {
      coordinated,
      pages,
      onEnd,
      fork: (effect, onExit) => {
        const fiber = Runtime.runFork(runtime, Effect.exit(effect), { immediate: false })
        fiber.addObserver((exit) => onExit(Exit.flatten(exit)))
        return fiber
      },
      hasFibers: yield* FiberRef.get(hasFibers),
      shards: new Set(),
      sleeper: Sleeper.make(),
      alarm: undefined,
      isOver: false,
      isClosed: false
    }
  })

// ---------------------------------------------------------------------------------------------------------------------
// Reading of many shards
//
// A shard is read in one of two ways. While its pages come as they should it has no fiber of its own: it sleeps until it
// may be asked, with one clock sleep for all shards, and waits for room; the request is a fiber that ends with the
// answer; the page is handed on, or held back until the consumer has taken others, and the shard sleeps again. Whatever
// else there is to do, at the start, at the end, or after a request that brought no good page, is done by a fiber that
// drives the shard's source, as everywhere else, until a page has been handed on and nothing but the next request is to
// be done. Both ways share the shard's poller, so that nothing is decided twice, and a page is asked for only when the
// one before was handed on. A shard whose pages are pushed is always driven by a fiber.
// ---------------------------------------------------------------------------------------------------------------------

/** Reads a shard to its end. */
export const read = (self: Scheduler, toRead: ShardToRead): void => {
  const { context } = self.coordinated
  const shard: Shard = { poller: Poller.open(context, toRead), fiber: undefined, isPolling: false }
  self.shards.add(shard)
  drive(self, shard, Drive.begin(context, toRead))
}

/** Asks as soon as the shard may be asked. */
const rest = (self: Scheduler, shard: Shard): void => {
  if (self.isOver) return interrupted(self, shard)
  const { coordinated: { context: { monotonicMillis } }, sleeper } = self
  const { readableAt } = shard.poller.pacing
  if (readableAt <= monotonicMillis()) return ask(self, shard)
  Sleeper.add(sleeper, readableAt, shard)
  setAlarm(self)
}

const setAlarm = (self: Scheduler): void => {
  const { alarm, coordinated: { context: { monotonicMillis } }, fork, sleeper } = self
  const at = Sleeper.nextAt(sleeper)
  if (at === Infinity || (alarm !== undefined && alarm.at <= at)) return
  const next: Alarm = {
    at,
    fiber: fork(Effect.sleep(Math.ceil(at - monotonicMillis())), (exit) => rung(self, next, exit))
  }
  self.alarm = next
  if (alarm !== undefined) alarm.fiber.unsafeInterruptAsFork(alarm.fiber.id())
}

/** Without its alarm no shard would ever wake: an alarm that fails, and not since there is an earlier one, fails the run. */
const rung = (self: Scheduler, alarm: Alarm, exit: Exit.Exit<void>): void => {
  if (self.isClosed || self.alarm !== alarm) return
  self.alarm = undefined
  if (Exit.isSuccess(exit)) wake(self)
  else PageQueue.end(self.pages, Exit.mapErrorCause(exit, Interruption.asDefect))
}

/** How many shards wake at most before other events have their turn. */
const mostAtOnce = 256

const wake = (self: Scheduler): void => {
  for (const shard of Sleeper.due(self.sleeper, self.coordinated.context.monotonicMillis(), mostAtOnce)) {
    ask(self, shard)
  }
  setAlarm(self)
}

/** Asks as soon as there is room for a page. The iterator may have become too old meanwhile. */
const ask = (self: Scheduler, shard: Shard): void => {
  if (!Poller.rests(shard.poller)) return drive(self, shard)
  shard.isPolling = true
  const onRoom = () => request(self, shard)
  if (ReadAhead.enter(shard.poller.share, onRoom)) onRoom()
}

const request = (self: Scheduler, shard: Shard): void => {
  if (self.isClosed) return
  shard.fiber = self.fork(Poller.request(shard.poller), (exit) => {
    shard.fiber = undefined
    shard.isPolling = false
    if (!self.isClosed) answered(self, shard, exit)
  })
}

const answered = (self: Scheduler, shard: Shard, exit: Parameters<typeof Poller.answered>[1]): void => {
  if (self.isOver && Exit.isInterrupted(exit)) return interrupted(self, shard)
  const page = Poller.answered(shard.poller, exit)
  if (page === undefined) return drive(self, shard)
  const goOn = () => handedOn(self, shard)
  if (PageQueue.offer(self.pages, page, goOn)) goOn()
}

const handedOn = (self: Scheduler, shard: Shard): void =>
  Poller.rests(shard.poller) ? rest(self, shard) : drive(self, shard)

/** Drives the shard in a fiber of its own until nothing but a request is to be done. */
const drive = (self: Scheduler, shard: Shard, first: Effect.Effect<void> = Effect.void): void => {
  const { coordinated: { context, left, noLongerRead } } = self
  const { poller } = shard
  const { shardId } = poller.shard
  const source = untilOver(self, shard, Sources.of(poller))
  const take = (page: Parameters<typeof PageQueue.handOn>[1]) => {
    shard.isPolling = false
    return PageQueue.handOn(self.pages, page)
  }
  const rests = () => !self.hasFibers && !self.isOver && context.pushes === undefined && Poller.rests(poller)
  const reading = Effect.zipRight(first, Drive.pull(source, take, rests)).pipe(
    Effect.ensuring(source.close),
    Effect.flatMap((rests) =>
      rests || poller.isAtEnd || !self.isOver
        ? Effect.succeed(rests)
        : Effect.as(ReadContext.outageOf(context), false)
    ),
    Effect.onExit((exit) =>
      Exit.isInterrupted(exit)
        ? Effect.sync(() => noLongerRead(shardId))
        : Exit.isSuccess(exit) && exit.value
        ? Effect.void
        : left(shardId)
    )
  )
  shard.fiber = self.fork(reading, (exit) => {
    shard.fiber = undefined
    shard.isPolling = false
    if (self.isClosed) return
    if (Exit.isSuccess(exit) && exit.value) rest(self, shard)
    else end(self, shard, Exit.asVoid(exit))
  })
}

/** The pages of a source until the time is over. */
const untilOver = (self: Scheduler, shard: Shard, { close, next }: PageSource): PageSource => ({
  close,
  next: Effect.suspend(() => {
    if (self.isOver) return Effect.fail(Option.none())
    shard.isPolling = true
    return next
  })
})

const interrupted = (self: Scheduler, shard: Shard): void => {
  ReadAhead.leave(shard.poller.share)
  self.coordinated.noLongerRead(shard.poller.shard.shardId)
  end(self, shard, Exit.interrupt(FiberId.none))
}

/** The reading of the shard has ended: an interruption because the time is over is a normal end. */
const end = (self: Scheduler, shard: Shard, exit: Exit.Exit<void, KinesisError>): void => {
  self.shards.delete(shard)
  const isInTime = self.isOver && Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause)
  self.onEnd(
    isInTime ? ReadContext.outageOf(self.coordinated.context) : Exit.mapErrorCause(exit, Interruption.asDefect)
  )
}

/** The time is over: requests under way are interrupted, pages that have arrived are still handed on. */
export const endInTime = (self: Scheduler): void => {
  self.isOver = true
  for (const shard of Sleeper.clear(self.sleeper)) interrupted(self, shard)
  for (const shard of self.shards) {
    if (!shard.isPolling) continue
    if (shard.fiber === undefined) interrupted(self, shard)
    else shard.fiber.unsafeInterruptAsFork(shard.fiber.id())
  }
}

/** Ends all that is under way, and waits for it. */
export const close = (self: Scheduler): Effect.Effect<void> =>
  Effect.suspend(() => {
    self.isClosed = true
    const fibers = [...self.shards].flatMap(({ fiber }) => fiber === undefined ? [] : [fiber])
    return Fiber.interruptAll(self.alarm === undefined ? fibers : [...fibers, self.alarm.fiber])
  })
