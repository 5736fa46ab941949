import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { HandlerError } from "../../KinesisError.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import type { Page } from "../../Page.js"
import { KeyedQueue } from "../lease/keyedQueue.js"
import * as Signal from "../reading/signal.js"
import type { Delivered, ShardWork, Strategy } from "./shardWork.js"

/** Handles a record; fails with errors that the failure policy does not deal with. */
export type HandleRecord<R> = (record: KinesisRecord, work: ShardWork) => Effect.Effect<void, HandlerError, R>

/** Handles a page. */
export type HandlePage<R> = (page: Page, work: ShardWork) => Effect.Effect<void, HandlerError, R>

/** How many records of a shard are handled at once. */
export interface Limits {
  readonly concurrency: number
  readonly maxUnacknowledged: number
}

/** Takes pages, one after the other, until there are no more. */
const eachPage = <R>(
  work: Pick<ShardWork, "next">,
  take: (delivered: Delivered) => Effect.Effect<void, HandlerError, R>
): Effect.Effect<void, HandlerError, R> => {
  let left = true
  const next = Effect.matchEffect(work.next, {
    onSuccess: take,
    onFailure: Option.match({
      onNone: () =>
        Effect.sync(() => {
          left = false
        }),
      onSome: Effect.fail
    })
  })
  return Effect.whileLoop({ while: () => left, body: () => next, step: () => undefined })
}

/** A page at a time; it is acknowledged when its handler has succeeded. Pages without records are not handled. */
export const ofPages = <R>(handle: HandlePage<R>, context: Context.Context<R>): Strategy => (work) => {
  let inFlight = 0
  const acknowledge = ({ first, page }: Delivered) => {
    for (let index = 0; index < page.records.length; index++) work.acknowledge(first + index)
  }
  const run = eachPage(work, (delivered) => {
    const { page } = delivered
    if (page.records.length === 0) return Effect.void
    inFlight = page.records.length
    return Effect.map(work.whileHeld(Effect.suspend(() => handle(page, work))), () => {
      inFlight = 0
      acknowledge(delivered)
    })
  })
  return { run: Effect.provide(run, context), stop: () => undefined, inFlight: () => inFlight }
}

/** A record at a time. */
const inOrder = <R>(handle: HandleRecord<R>, context: Context.Context<R>): Strategy => (work) => {
  let inFlight = 0
  const handleOne = (record: KinesisRecord, number: number) =>
    Effect.suspend(() => {
      inFlight = 1
      return Effect.map(handle(record, work), () => {
        inFlight = 0
        work.acknowledge(number)
      })
    })
  const run = eachPage(work, ({ first, page: { records } }) => {
    let index = 0
    return Effect.whileLoop({
      while: () => index < records.length && !work.isStopped(),
      body: () => work.whileHeld(handleOne(records[index]!, first + index)),
      step: () => {
        index++
      }
    })
  })
  return { run: Effect.provide(run, context), stop: () => undefined, inFlight: () => inFlight }
}

/** The concurrent handling of a shard's records: those with the same partition key are handled one after the other. */
interface State<R> extends Limits {
  readonly work: ShardWork
  readonly handle: HandleRecord<R>
  readonly queue: KeyedQueue<KinesisRecord>
  readonly signal: Signal.Signal
  /** Opens when a handler has failed. */
  readonly broken: Effect.Latch
  /** The effect of a fiber that takes records from the queue. Created once, since a fiber may be started for each record. */
  lane: Effect.Effect<void, never, R>
  /** How many of these fibers there are, up to `concurrency`. */
  lanes: number
  /** Records that are being handled. */
  inFlight: number
  /** The first failure that the policy did not deal with. */
  failure: HandlerError | undefined
}

const isOver = <R>(self: State<R>) => self.failure !== undefined || self.work.isStopped()

const failIfBroken = <R>(self: State<R>) =>
  Effect.suspend(() => self.failure === undefined ? Effect.void : Effect.fail(self.failure))

const handleNext = <R>(self: State<R>): Effect.Effect<void, never, R> =>
  Effect.suspend(() => {
    const { queue, signal, work } = self
    const entry = queue.take()
    if (entry === undefined) return Effect.void
    self.inFlight++
    return work.whileHeld(Effect.suspend(() => self.handle(entry.value, work))).pipe(
      Effect.match({
        onSuccess: () => {
          work.acknowledge(entry.number)
          queue.done(entry)
        },
        onFailure: (error) => {
          self.failure ??= error
          queue.cut()
          self.broken.unsafeOpen()
        }
      }),
      Effect.ensuring(Effect.sync(() => {
        self.inFlight--
        signal.tell()
      }))
    )
  })

// A lane handles records, one after the other, as long as there is one whose key is not being handled; then it ends. Adding a record starts
// one while there are fewer lanes than `concurrency`, so that an idle shard has none. A lane that finds nothing counts no longer from that
// very step on: whoever adds a record before its fiber has ended starts another.
const laneOf = <R>(self: State<R>): Effect.Effect<void, never, R> => {
  const next = handleNext(self)
  return Effect.suspend(() => {
    let isCounted = true
    const leave = () => {
      if (!isCounted) return
      isCounted = false
      self.lanes--
      self.signal.tell()
    }
    const goesOn = () => {
      if (self.queue.isReady) return true
      leave()
      return false
    }
    return Effect.ensuring(
      Effect.whileLoop({ while: goesOn, body: () => next, step: () => undefined }),
      Effect.sync(leave)
    )
  })
}

const startLanes = <R>(self: State<R>): Effect.Effect<void, never, R> => {
  const { concurrency, inFlight, lanes, queue } = self
  if (lanes >= concurrency || !queue.isReady || lanes >= queue.waiting + inFlight) return Effect.void
  self.lanes++
  return Effect.flatMap(Effect.fork(self.lane), () => startLanes(self))
}

/** Adds a record to the queue, when the oldest unfinished one is near enough. */
const feed = <R>(self: State<R>, record: KinesisRecord, number: number): Effect.Effect<void, never, R> => {
  const mayGoOn = () => number - self.work.tracker.prefix < self.maxUnacknowledged || isOver(self)
  const add = () => {
    if (isOver(self)) return Effect.void
    self.queue.add(number, record.partitionKey, record)
    return startLanes(self)
  }
  return mayGoOn() ? add() : Effect.flatMap(self.signal.waitUntil(mayGoOn), add)
}

const feedPage = <R>(self: State<R>, { first, page: { records } }: Delivered): Effect.Effect<void, HandlerError, R> => {
  let index = 0
  return Effect.zipRight(
    Effect.whileLoop({
      while: () => index < records.length && !isOver(self),
      body: () => feed(self, records[index]!, first + index),
      step: () => {
        index++
      }
    }),
    Effect.suspend(() =>
      self.failure === undefined
        ? Effect.void
        : Effect.zipRight(self.signal.waitUntil(() => self.lanes === 0), failIfBroken(self))
    )
  )
}

/** Handles the rest of the queue when there are no more pages. */
const finish = <R>(self: State<R>): Effect.Effect<void, never, R> =>
  Effect.whileLoop({
    while: () => self.lanes > 0 || (self.queue.isReady && self.failure === undefined),
    body: () => Effect.zipRight(startLanes(self), self.signal.waitUntil(() => self.lanes === 0)),
    step: () => undefined
  })

/** Several records at a time: those with the same partition key one after the other, in order. */
const inOrderOfKeys = <R>(handle: HandleRecord<R>, limits: Limits, context: Context.Context<R>): Strategy => (work) => {
  const self: State<R> = {
    ...limits,
    work,
    handle,
    queue: new KeyedQueue(),
    signal: Signal.make(),
    broken: Effect.unsafeMakeLatch(false),
    lane: Effect.void,
    lanes: 0,
    inFlight: 0,
    failure: undefined
  }
  self.lane = laneOf(self)
  const next = Effect.raceFirst(work.next, Effect.zipRight(self.broken.await, Effect.fail(Option.none())))
  const run = eachPage({ next }, (delivered) => feedPage(self, delivered)).pipe(
    Effect.zipRight(finish(self)),
    Effect.zipRight(failIfBroken(self))
  )
  return {
    run: Effect.provide(run, context),
    stop: () => {
      self.queue.cut()
      self.signal.tell()
    },
    inFlight: () => self.inFlight
  }
}

/** Records, in order per key; each is acknowledged when its handler has succeeded. */
export const ofRecords = <R>(handle: HandleRecord<R>, limits: Limits, context: Context.Context<R>): Strategy =>
  limits.concurrency === 1 ? inOrder(handle, context) : inOrderOfKeys(handle, limits, context)
