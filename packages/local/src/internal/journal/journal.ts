import type { Account, Stream } from "../model.js"
import * as RecordLog from "../recordLog.js"
import * as ShardLog from "../shardLog.js"
import * as Frames from "./frames.js"
import * as RecordFrames from "./recordFrames.js"
import * as StreamStates from "./streamState.js"

/** What the journal has of a stream. */
interface Written {
  /** What its state depends on. */
  readonly facts: ReadonlyArray<unknown>
  /** How many entries of each shard's log. */
  readonly lengths: Array<number>
}

/** How far a journal has come. */
export interface State {
  readonly account: Account
  accountFacts: string
  readonly streams: Map<Stream, Written>
}

export const make = (account: Account): State => ({ account, accountFacts: "", streams: new Map() })

/** All that the state of a stream is made of, to be compared: what it is costs more to write than to look at. */
const factsOf = (stream: Stream): ReadonlyArray<unknown> => {
  let trimmed = 0
  let expired = 0
  for (const shard of stream.shards) {
    trimmed += shard.trimmed
    if (shard.expired) expired++
  }
  const { consumers, open, pending, shards, status } = stream
  const { details, distribution, maxRecordSizeInKiB, mode, retentionPeriodHours } = stream
  const named = [...consumers.values()].map(({ createdSeconds, name, status }) => `${name}:${createdSeconds}:${status}`)
  const settings = [details, distribution, maxRecordSizeInKiB, mode, retentionPeriodHours]
  return [trimmed, expired, open, pending, status, shards.length, named.join(), ...settings]
}

const areEqual = (one: ReadonlyArray<unknown>, other: ReadonlyArray<unknown>): boolean =>
  one.every((fact, index) => fact === other[index])

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

const streamFrame = (stream: Stream): Buffer => Frames.write("stream", json(StreamStates.of(stream)))

/** The records of a stream that the journal does not have and somebody may read: its state says how many are before them. */
function* newRecords(stream: Stream, { lengths }: Written): Generator<Buffer> {
  for (const [index, { log, trimmed }] of stream.shards.entries()) {
    const from = Math.max(lengths[index] ?? 0, trimmed)
    for (const entries of RecordLog.pieces(log, { from, to: log.length })) {
      for (const entry of entries) {
        yield Frames.write("record", RecordFrames.write(stream.generation, index, entry))
      }
    }
    lengths[index] = log.length
  }
}

const accountFactsOf = ({ commitment, consumersCreated }: Account) => ({
  commitment,
  consumersCreated: [...consumersCreated]
})

/** What has changed since the last time, as frames. */
export function* changes(self: State): Generator<Buffer> {
  const { account, streams } = self
  const accountFacts = JSON.stringify(accountFactsOf(account))
  if (accountFacts !== self.accountFacts) yield Frames.write("account", Buffer.from(accountFacts))
  self.accountFacts = accountFacts
  for (const stream of streams.keys()) {
    if (account.streams.get(stream.name) === stream) continue
    streams.delete(stream)
    yield Frames.write("gone", json({ generation: stream.generation }))
  }
  for (const stream of account.streams.values()) {
    const facts = factsOf(stream)
    const before = streams.get(stream)
    const isSame = before !== undefined && areEqual(before.facts, facts)
    if (!isSame) yield streamFrame(stream)
    const written = isSame ? before : { facts, lengths: before?.lengths ?? [] }
    streams.set(stream, written)
    yield* newRecords(stream, written)
  }
}

/** Everything that is still of use, as a journal of its own. */
export const snapshot = (account: Account): Iterable<Buffer> => changes(make(account))

const restoreRecord = (generations: ReadonlyMap<number, Stream>, payload: Buffer): void => {
  const { arrival, data, generation, partitionKey, shardIndex } = RecordFrames.read(payload)
  const stream = generations.get(generation)
  const shard = stream?.shards[shardIndex]
  if (stream === undefined || shard === undefined) return
  ShardLog.append(shard, { data, partitionKey }, arrival)
}

const restoreStream = (account: Account, generations: Map<number, Stream>, state: StreamStates.StreamState): void => {
  const known = generations.get(state.generation)
  if (known !== undefined) return StreamStates.apply(known, state)
  const stream = StreamStates.make(state)
  generations.set(state.generation, stream)
  account.streams.set(stream.name, stream)
  account.serial = Math.max(account.serial, state.generation)
}

const restoreFrame = (account: Account, generations: Map<number, Stream>, { kind, payload }: Frames.Frame): void => {
  if (kind === "record") return restoreRecord(generations, payload)
  const value = JSON.parse(payload.toString())
  switch (kind) {
    case "account":
      account.commitment = value.commitment
      for (const [key, seconds] of value.consumersCreated) account.consumersCreated.set(key, seconds)
      return
    case "stream":
      return restoreStream(account, generations, value)
    case "gone": {
      const stream = generations.get(value.generation)
      if (stream !== undefined && account.streams.get(stream.name) === stream) account.streams.delete(stream.name)
      generations.delete(value.generation)
    }
  }
}

/** Restores an account from a journal. Returns how many bytes of it are whole: what follows was torn off. */
export const restore = (account: Account, pieces: Iterable<Uint8Array>): number => {
  const reading = Frames.begin()
  const generations = new Map<number, Stream>()
  for (const piece of pieces) Frames.read(reading, piece, (frame) => restoreFrame(account, generations, frame))
  return reading.wholeBytes
}

/** A journal of an account that was restored from it: it has everything. */
export const resume = (account: Account): State => ({
  account,
  accountFacts: JSON.stringify(accountFactsOf(account)),
  streams: new Map(
    [...account.streams.values()].map((stream) => [
      stream,
      { facts: factsOf(stream), lengths: stream.shards.map(({ log }) => log.length) }
    ])
  )
})
