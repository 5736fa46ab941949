import type { EncodeError } from "effect-kinesis/KinesisError"
import type * as Producer from "effect-kinesis/Producer"
import type { ProducerClosed, PutError } from "effect-kinesis/ProducerError"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { sleepUntil } from "../stream.js"
import type { Fate } from "./history.js"
import { dataOf, type Given, idOf } from "./records.js"
import type { Caller, Door } from "./scenario.js"
import type { World } from "./world.js"

/** What is put into the producer. */
interface Value {
  readonly data: Uint8Array
  readonly partitionKey: string
  readonly explicitHashKey: string | undefined
}

/** The producer under test, and where what outlives its callers runs. */
export interface Live {
  readonly producer: Producer.Producer<Value>
  readonly scope: Scope.Scope
}

/** A caller at work. */
interface Work {
  readonly world: World
  readonly live: Live
  /** Records that it has given, of which it has not been told and no acknowledgement is on its way. */
  readonly open: Set<number>
}

const toValue = (given: Given): Value => ({
  data: dataOf(given),
  partitionKey: given.partitionKey,
  explicitHashKey: given.explicitHashKey
})

const give = ({ open, world: { notes } }: Work, chunk: ReadonlyArray<Given>): void => {
  for (const { id } of chunk) {
    notes.given.set(id, notes.now())
    open.add(id)
  }
  notes.write(() => `given ${chunk.map(({ id }) => id).join(" ")}`)
}

const tell = ({ open, world: { notes } }: Work, { id }: Given, fate: Fate): void => {
  open.delete(id)
  notes.tell(id, fate)
  notes.count(`told: ${fate._tag === "Failed" ? `${fate.reason}, written: ${fate.written}` : fate._tag}`)
}

const ofReceipt = ({ sequenceNumber, shardId, subSequenceNumber }: Producer.Receipt): Fate => ({
  _tag: "Written",
  place: { shardId, sequenceNumber, subSequenceNumber }
})

const ofError = (error: PutError | ProducerClosed): Fate =>
  error._tag === "ProducerClosed"
    ? { _tag: "Closed" }
    : { _tag: "Failed", reason: error.reason, written: error.written }

const ofOutcome = Either.match({ onLeft: ofError, onRight: ofReceipt })

/** Waits for what becomes of a record. */
const settle = (
  work: Work,
  given: Given,
  outcome: Effect.Effect<Producer.Receipt, PutError | ProducerClosed>
): Effect.Effect<void> =>
  Effect.match(outcome, {
    onSuccess: (receipt) => tell(work, given, ofReceipt(receipt)),
    onFailure: (error) => tell(work, given, ofError(error))
  })

/** The producer has the record: what becomes of it is waited for elsewhere, whatever happens to the caller. */
const entrust = (
  work: Work,
  given: Given,
  acknowledged: Effect.Effect<Producer.Receipt, PutError>
): Effect.Effect<void> => {
  const { open, world: { notes } } = work
  open.delete(given.id)
  notes.accepted.set(given.id, notes.now())
  return Effect.asVoid(Effect.forkIn(settle(work, given, acknowledged), work.live.scope))
}

type SinkDoor = "sink" | "failing sink"

const isSinkDoor = (door: Door): door is SinkDoor => door === "sink" || door === "failing sink"

/** Gives a chunk of records through a door. */
const through: Readonly<
  Record<Exclude<Door, SinkDoor>, (work: Work, chunk: ReadonlyArray<Given>) => Effect.Effect<void>>
> = {
  put: (work, chunk) =>
    Effect.forEach(chunk, (given) => {
      give(work, [given])
      return settle(work, given, work.live.producer.put(toValue(given)))
    }, { discard: true }),
  offer: (work, chunk) =>
    Effect.forEach(chunk, (given) => {
      give(work, [given])
      return Effect.matchEffect(work.live.producer.offer(toValue(given)), {
        onSuccess: (acknowledged) => entrust(work, given, acknowledged),
        onFailure: (error) => Effect.sync(() => tell(work, given, ofError(error)))
      })
    }, { discard: true }),
  tryOffer: (work, chunk) =>
    Effect.forEach(chunk, (given) => {
      give(work, [given])
      return Effect.matchEffect(work.live.producer.tryOffer(toValue(given)), {
        onSuccess: Option.match({
          onNone: () => Effect.sync(() => tell(work, given, { _tag: "NoRoom" })),
          onSome: (acknowledged) => entrust(work, given, acknowledged)
        }),
        onFailure: (error) => Effect.sync(() => tell(work, given, ofError(error)))
      })
    }, { discard: true }),
  putAll: (work, chunk) => {
    give(work, chunk)
    return Effect.match(work.live.producer.putAll(chunk.map(toValue)), {
      onSuccess: (receipts) => chunk.forEach((given, index) => tell(work, given, ofReceipt(receipts[index]!))),
      onFailure: (error) =>
        chunk.forEach((given, index) =>
          tell(work, given, error._tag === "PutAllError" ? ofOutcome(error.outcomes[index]!) : ofError(error))
        )
    })
  },
  putAllSettled: (work, chunk) => {
    give(work, chunk)
    return Effect.match(work.live.producer.putAllSettled(chunk.map(toValue)), {
      onSuccess: (outcomes) => chunk.forEach((given, index) => tell(work, given, ofOutcome(outcomes[index]!))),
      onFailure: (error) => chunk.forEach((given) => tell(work, given, ofError(error)))
    })
  }
}

/** Of a value of which the encoder made no record, the encoder tells. */
const idOfFailed = ({ cause, entry }: PutError): number =>
  idOf(entry?.data ?? ((cause as EncodeError).value as Value).data)

/** All chunks through a sink: those that failed are told one by one, the others at its end. A failing sink ends with the first. */
const pour = (work: Work, door: SinkDoor, { chunks, gapMillis }: Caller): Effect.Effect<void> => {
  const { live: { producer }, open, world: { notes } } = work
  const byId = new Map(chunks.flat().map((given) => [given.id, given]))
  const values = Stream.fromIterable(chunks).pipe(
    Stream.mapEffect((chunk) =>
      Effect.as(Effect.delay(Effect.sync(() => give(work, chunk)), gapMillis), Chunk.fromIterable(chunk.map(toValue)))
    ),
    Stream.flattenChunks
  )
  const onFailed = (error: PutError) => Effect.sync(() => tell(work, byId.get(idOfFailed(error))!, ofError(error)))
  const sink = door === "sink" ? producer.sinkWith({ onFailed }) : producer.sink
  return Effect.match(Stream.run(values, sink), {
    onSuccess: () => [...open].forEach((id) => tell(work, byId.get(id)!, { _tag: "Written", place: undefined })),
    onFailure: (error) => {
      notes.write(() => `a sink ended with ${error._tag}`)
      if (error._tag === "PutError") tell(work, byId.get(idOfFailed(error))!, ofError(error))
      interrupt(work)
    }
  })
}

/** What it gave and was not told of has nobody any more who waits for it. */
const interrupt = ({ open, world: { notes } }: Work): void => {
  for (const id of open) notes.interrupted.set(id, notes.now())
  if (open.size > 0) notes.count("caller interrupted while records were open")
  notes.write(() => `interrupted: ${[...open].join(" ")}`)
  open.clear()
}

/** A caller's life. */
export const call = (world: World, live: Live, caller: Caller): Effect.Effect<void> => {
  const work: Work = { world, live, open: new Set() }
  const { chunks, door, gapMillis, interruptedAfter, startsAt } = caller
  const giving = isSinkDoor(door)
    ? pour(work, door, caller)
    : Effect.forEach(chunks, (chunk) => Effect.delay(Effect.suspend(() => through[door](work, chunk)), gapMillis), {
      discard: true
    })
  const limited = interruptedAfter === undefined
    ? giving
    : giving.pipe(
      Effect.onInterrupt(() => Effect.sync(() => interrupt(work))),
      Effect.timeoutOption(interruptedAfter),
      Effect.asVoid
    )
  return Effect.zipRight(sleepUntil(startsAt), limited)
}

/** Flushes what was given until now. */
export const flush = ({ notes }: World, { producer }: Live): Effect.Effect<void> =>
  Effect.suspend(() => {
    const told = new Set(notes.tellings.map(({ id }) => id))
    const ids = [...notes.given].filter(([id, at]) => at < notes.now() && !told.has(id) && !notes.interrupted.has(id))
      .map(([id]) => id)
    const noted = { ids, beganAt: notes.now(), endedAt: Infinity }
    notes.flushes.push(noted)
    notes.count("flush")
    return Effect.map(producer.flush, () => {
      noted.endedAt = notes.now()
    })
  })
