import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import type { PutRecordsEntry } from "../../KinesisApi.js"
import type { EncodeError } from "../../KinesisError.js"
import { ProducerClosed, PutAllError, PutError } from "../../ProducerError.js"
import * as Encoding from "../encode/encoded.js"
import * as Checks from "../write/checks.js"
import * as Room from "../write/room.js"
import * as Calls from "./calls.js"
import type { Receipt } from "./receipt.js"
import * as Writer from "./writer.js"

const closed = ({ settings: { stream } }: Writer.Writer): ProducerClosed => new ProducerClosed({ stream })

const noSpan: Effect.Effect<Tracer.AnySpan | undefined> = Effect.succeed(undefined)

/** The caller's span, where spans are recorded. */
const spanOf = ({ isTraced }: Writer.Writer): Effect.Effect<Tracer.AnySpan | undefined> =>
  isTraced ? Effect.orElseSucceed(Effect.currentParentSpan, () => undefined) : noSpan

/** A call begins, unless the producer is closed. */
export const begin = (
  self: Writer.Writer,
  wantsReceipts: boolean
): Effect.Effect<Calls.Call, ProducerClosed> =>
  Effect.flatMap(spanOf(self), (span) =>
    self.isClosed
      ? Effect.fail(closed(self))
      : Effect.succeed(Calls.make(self.epochs.at(-1)!, Writer.now(self), wantsReceipts, span)))

/** A record that is given up before anything is sent. */
const reject = (
  self: Writer.Writer,
  call: Calls.Call,
  index: number,
  { description, entry, ...why }: Pick<PutError, "reason" | "description" | "cause" | "entry">
): void => {
  const { stream } = self.settings
  Writer.giveUp(self, call, index, new PutError({ stream, written: "no", attempts: 0, description, entry, ...why }))
  Writer.settle(self, call)
}

/** What is wrong with a record, or the record of a call. */
const check = (
  self: Writer.Writer,
  call: Calls.Call,
  index: number,
  encoded: PutRecordsEntry | EncodeError
): Calls.CallEntry | undefined => {
  if (!("data" in encoded)) {
    reject(self, call, index, { reason: "encode", description: encoded.message, cause: encoded, entry: undefined })
    return undefined
  }
  const { data, explicitHashKey, partitionKey } = encoded
  const { maxRecordBytes, strategy } = self.knowledge
  const measured = Checks.measure(encoded, { recordBytes: maxRecordBytes, withoutKey: strategy === "AUTO" })
  if (typeof measured === "string") {
    reject(self, call, index, { reason: "invalid", description: measured, cause: undefined, entry: encoded })
    return undefined
  }
  if (self.isEnded) {
    reject(self, call, index, { reason: "closed", description: "", cause: self.trouble, entry: encoded })
    return undefined
  }
  return new Calls.CallEntry(call, index, data, partitionKey, explicitHashKey, measured)
}

/** Takes a record into a call. False if it has to wait for room: then no other is taken before it has found some. */
const accept = (
  self: Writer.Writer,
  call: Calls.Call,
  index: number,
  encoded: PutRecordsEntry | EncodeError,
  now: number
): boolean => {
  self.counts.accepted++
  call.pending++
  const entry = check(self, call, index, encoded)
  if (entry === undefined) return true
  call.entries[index] = entry
  if (Room.offer(self.core, entry, now)) return true
  Room.wait(self.core, entry)
  call.outside = entry
  return false
}

const waitForRoom = (call: Calls.Call): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    if (call.outside === undefined) return resume(Effect.void)
    call.onRoom = () => resume(Effect.void)
    return undefined
  })

/** So many records are taken at a time: then others, such as the pump, have their turn. */
const turn = 512

/** Takes the values of an iterator into a call, one after the other, as there is room. */
const feed = (self: Writer.Writer, call: Calls.Call, values: Iterator<unknown>, from = 0): Effect.Effect<void> =>
  Effect.suspend(() => {
    const now = Writer.now(self)
    let index = from
    Writer.wake(self)
    while (index < from + turn) {
      const next = values.next()
      if (next.done === true) return Effect.sync(() => Writer.complete(self, call))
      const encoded = self.encode(next.value)
      if (Encoding.isPending(encoded)) return feedLater(self, call, values, index, encoded)
      if (!accept(self, call, index++, encoded, now)) return feedWithRoom(self, call, values, index)
    }
    return Effect.zipRight(Effect.yieldNow(), feed(self, call, values, index))
  })

const feedWithRoom = (
  self: Writer.Writer,
  call: Calls.Call,
  values: Iterator<unknown>,
  from: number
): Effect.Effect<void> => Effect.zipRight(waitForRoom(call), feed(self, call, values, from))

/** A value whose encoder needs an effect. */
const feedLater = (
  self: Writer.Writer,
  call: Calls.Call,
  values: Iterator<unknown>,
  index: number,
  encoded: Effect.Effect<PutRecordsEntry, EncodeError>
): Effect.Effect<void> =>
  Effect.flatMap(Effect.either(encoded), (result) =>
    accept(self, call, index, Either.merge(result), Writer.now(self))
      ? feed(self, call, values, index + 1)
      : feedWithRoom(self, call, values, index + 1))

/** Waits until every record of a call is told. */
export const over = (call: Calls.Call): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    if (call.pending <= 0) return resume(Effect.void)
    call.onNews = () => {
      if (call.pending <= 0) resume(Effect.void)
    }
    return undefined
  })

/**
 * The caller does not wait any more: what waits is never sent, what is on the way goes on, and is told to nobody.
 */
export const takeBack = (self: Writer.Writer, call: Calls.Call): void => {
  call.isAbandoned = true
  for (const [index, entry] of call.entries.entries()) {
    if (entry === undefined || !Room.takeBack(self.core, entry)) continue
    call.entries[index] = undefined
    self.counts.withdrawn++
    self.metrics.failed("withdrawn", 1)
    Writer.settle(self, call)
  }
  Writer.admit(self)
  Writer.wake(self)
}

/** Takes values into a call, until all are taken. A call that is interrupted meanwhile takes no more. */
export const take = (self: Writer.Writer, call: Calls.Call, values: Iterable<unknown>): Effect.Effect<void> =>
  Effect.suspend(() => feed(self, call, values[Symbol.iterator]())).pipe(
    Effect.onExit((exit) =>
      Exit.isSuccess(exit) ? Effect.void : Effect.sync(() => {
        takeBack(self, call)
        Writer.complete(self, call)
      })
    )
  )

const told = (
  self: Writer.Writer,
  values: Iterable<unknown>
): Effect.Effect<ReadonlyArray<Calls.Told>, ProducerClosed> =>
  Effect.flatMap(begin(self, true), (call) =>
    take(self, call, values).pipe(
      Effect.zipRight(Effect.onInterrupt(over(call), () => Effect.sync(() => takeBack(self, call)))),
      Effect.as(call.told!)
    ))

const isFailed = (outcome: Calls.Told): outcome is PutError => outcome instanceof PutError

const toEither = (outcome: Calls.Told): Either.Either<Receipt, PutError> =>
  isFailed(outcome) ? Either.left(outcome) : Either.right(outcome)

/** Writes records, and tells what became of each. */
export const putAllSettled = (self: Writer.Writer) => (values: Iterable<unknown>) =>
  Effect.map(told(self, values), (outcomes) => outcomes.map(toEither))

/** Writes records, all of them or with an error that says what became of each. */
export const putAll =
  (self: Writer.Writer) =>
  (values: Iterable<unknown>): Effect.Effect<ReadonlyArray<Receipt>, PutAllError | ProducerClosed> =>
    Effect.flatMap(told(self, values), (outcomes) => {
      const failed = outcomes.filter(isFailed)
      return failed.length === 0
        ? Effect.succeed(outcomes as ReadonlyArray<Receipt>)
        : Effect.fail(new PutAllError({ stream: self.settings.stream, outcomes: outcomes.map(toEither), failed }))
    })

const outcomeOf = ({ told }: Calls.Call): Effect.Effect<Receipt, PutError> => {
  const [outcome] = told!
  return isFailed(outcome!) ? Effect.fail(outcome) : Effect.succeed(outcome!)
}

/** Writes a record. */
export const put = (self: Writer.Writer) => (value: unknown): Effect.Effect<Receipt, PutError | ProducerClosed> =>
  Effect.flatMap(begin(self, true), (call) =>
    take(self, call, [value]).pipe(
      Effect.zipRight(Effect.onInterrupt(over(call), () => Effect.sync(() => takeBack(self, call)))),
      Effect.flatMap(() => outcomeOf(call))
    ))

/** What became of a record that was offered, for as many as ask. */
const acknowledgement = (call: Calls.Call): Effect.Effect<Receipt, PutError> => {
  const waiting = new Set<() => void>()
  call.onNews = () => {
    for (const resume of waiting) resume()
  }
  const told = Effect.async<void>((resume) => {
    if (call.pending <= 0) return resume(Effect.void)
    const done = (): void => resume(Effect.void)
    waiting.add(done)
    return Effect.sync(() => waiting.delete(done))
  })
  return Effect.flatMap(told, () => outcomeOf(call))
}

/** Gives a record to the producer, and its acknowledgement. */
export const offer =
  (self: Writer.Writer) => (value: unknown): Effect.Effect<Effect.Effect<Receipt, PutError>, ProducerClosed> =>
    Effect.flatMap(begin(self, true), (call) => Effect.as(take(self, call, [value]), acknowledgement(call)))

const tryAccept = (
  self: Writer.Writer,
  encoded: PutRecordsEntry | EncodeError
): Effect.Effect<Option.Option<Effect.Effect<Receipt, PutError>>, ProducerClosed> =>
  Effect.map(begin(self, true), (call) => {
    self.counts.accepted++
    call.pending++
    const entry = check(self, call, 0, encoded)
    const isTaken = entry === undefined || Room.offer(self.core, entry, Writer.now(self))
    if (isTaken) {
      if (entry !== undefined) call.entries[0] = entry
    } else {
      self.counts.accepted--
      call.pending--
    }
    const ack = acknowledgement(call)
    Writer.complete(self, call)
    Writer.wake(self)
    return isTaken ? Option.some(ack) : Option.none()
  })

/** Gives a record to the producer if there is room for it. */
export const tryOffer = (self: Writer.Writer) => (value: unknown) =>
  Effect.suspend(() => {
    const encoded = self.encode(value)
    if (!Encoding.isPending(encoded)) return tryAccept(self, encoded)
    return Effect.flatMap(Effect.either(encoded), (result) => tryAccept(self, Either.merge(result)))
  })
