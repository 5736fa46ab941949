import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { FailurePolicy } from "../../FailurePolicy.js"
import type { HandlerError } from "../../KinesisError.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import type { Page } from "../../Page.js"
import { KeyedQueue } from "../lease/keyedQueue.js"
import * as Failures from "./failures.js"
import type { Delivered, ShardWork, Strategy } from "./shardWork.js"
import * as Signal from "./signal.js"

/** What the strategies share. */
export interface HandlerOptions {
  readonly application: string
  readonly onFailure: FailurePolicy
  readonly concurrency: number
  readonly maxUnacknowledged: number
}

/** Takes pages, one after the other, until there are no more. */
const eachPage = (
  work: Pick<ShardWork, "next">,
  take: (delivered: Delivered) => Effect.Effect<void, HandlerError>
): Effect.Effect<void, HandlerError> => {
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
export const ofPages = (
  handler: (page: Page, work: ShardWork) => Effect.Effect<unknown, unknown>,
  { application, onFailure }: HandlerOptions
): Strategy =>
(work) => {
  let inFlight = 0
  const acknowledge = ({ first, page }: Delivered) => {
    for (let index = 0; index < page.records.length; index++) work.acknowledge(first + index)
  }
  return {
    run: eachPage(work, (delivered) => {
      const { page } = delivered
      if (page.records.length === 0) return Effect.void
      inFlight = page.records.length
      return work.whileHeld(
        Failures.handle(application, onFailure, work, page.records, () => handler(page, work))
      ).pipe(
        Effect.zipRight(Effect.sync(() => {
          inFlight = 0
          acknowledge(delivered)
        }))
      )
    }),
    stop: () => undefined,
    inFlight: () => inFlight
  }
}

type HandleRecord = (record: KinesisRecord, work: ShardWork) => Effect.Effect<unknown, unknown>

/** A record at a time. */
const inOrder = (handler: HandleRecord, { application, onFailure }: HandlerOptions): Strategy => (work) => {
  let inFlight = 0
  const handle = (record: KinesisRecord, number: number) =>
    Effect.suspend(() => {
      inFlight = 1
      return Effect.map(
        Failures.handle(application, onFailure, work, [record], () => handler(record, work)),
        () => {
          inFlight = 0
          work.acknowledge(number)
        }
      )
    })
  return {
    run: eachPage(work, ({ first, page: { records } }) => {
      let index = 0
      return Effect.whileLoop({
        while: () => index < records.length && !work.isStopped(),
        body: () => work.whileHeld(handle(records[index]!, first + index)),
        step: () => {
          index++
        }
      })
    }),
    stop: () => undefined,
    inFlight: () => inFlight
  }
}

/** Several records at a time: those of one partition key one after the other, in order. */
const inOrderOfKeys = (handler: HandleRecord, options: HandlerOptions): Strategy => (work) => {
  const { application, concurrency, maxUnacknowledged, onFailure } = options
  const queue = new KeyedQueue<KinesisRecord>()
  const { tell, waitUntil } = Signal.make()
  const broken = Effect.unsafeMakeLatch(false)
  let lanes = 0
  let inFlight = 0
  let failure: HandlerError | undefined

  const stop = () => {
    queue.cut()
    tell()
  }
  const handleNext = Effect.suspend(() => {
    const entry = queue.take()
    if (entry === undefined) return Effect.void
    inFlight++
    return work.whileHeld(
      Failures.handle(application, onFailure, work, [entry.value], () => handler(entry.value, work))
    ).pipe(
      Effect.match({
        onSuccess: () => {
          work.acknowledge(entry.number)
          queue.done(entry)
        },
        onFailure: (error) => {
          failure ??= error
          queue.cut()
          broken.unsafeOpen()
        }
      }),
      Effect.ensuring(Effect.sync(() => {
        inFlight--
        tell()
      }))
    )
  })
  const lane = Effect.ensuring(
    Effect.whileLoop({ while: () => queue.isReady, body: () => handleNext, step: () => undefined }),
    Effect.sync(() => {
      lanes--
      tell()
    })
  )
  const startLanes: Effect.Effect<void> = Effect.suspend(() => {
    if (lanes >= concurrency || !queue.isReady || lanes >= queue.waiting + inFlight) return Effect.void
    lanes++
    return Effect.zipRight(Effect.fork(lane), startLanes)
  })

  const isOver = () => failure !== undefined || work.isStopped()
  const hasRoom = (number: number) => number - work.tracker.prefix < maxUnacknowledged
  const feed = (record: KinesisRecord, number: number) =>
    Effect.zipRight(
      hasRoom(number) || isOver() ? Effect.void : waitUntil(() => hasRoom(number) || isOver()),
      Effect.suspend(() => {
        if (isOver()) return Effect.void
        queue.add(number, record.partitionKey, record)
        return lanes < concurrency ? startLanes : Effect.void
      })
    )
  const next = Effect.raceFirst(work.next, Effect.zipRight(broken.await, Effect.fail(Option.none())))
  return {
    run: eachPage({ next }, ({ first, page: { records } }) => {
      let index = 0
      return Effect.zipRight(
        Effect.whileLoop({
          while: () => index < records.length && !isOver(),
          body: () => feed(records[index]!, first + index),
          step: () => {
            index++
          }
        }),
        Effect.suspend(() =>
          failure === undefined ? Effect.void : Effect.zipRight(waitUntil(() => lanes === 0), Effect.fail(failure))
        )
      )
    }).pipe(
      Effect.zipRight(Effect.whileLoop({
        while: () => lanes > 0 || (queue.isReady && failure === undefined),
        body: () => Effect.zipRight(startLanes, waitUntil(() => lanes === 0)),
        step: () => undefined
      })),
      Effect.zipRight(Effect.suspend(() => failure === undefined ? Effect.void : Effect.fail(failure)))
    ),
    stop,
    inFlight: () => inFlight
  }
}

/** Records, in the order of their keys; each is acknowledged when its handler has succeeded. */
export const ofRecords = (handler: HandleRecord, options: HandlerOptions): Strategy =>
  options.concurrency === 1 ? inOrder(handler, options) : inOrderOfKeys(handler, options)
