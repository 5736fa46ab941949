import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Position, type Producer } from "effect-kinesis"
import { afterAll, beforeAll } from "vitest"
import type * as Children from "../src/fleet/Children.js"
import * as Fleets from "../src/fleet/Fleet.js"
import type { HandledBy } from "../src/fleet/History.js"
import * as Bundle from "./support/bundle.js"
import type { Report, Told } from "./support/OrderWriter.js"

/** On a machine that has other things to do, what takes a second or two may take much longer. */
const patience = 150_000

/** A writer ends by itself after so many batches of ten orders. */
const mostBatches = 5_000

let bundles: { readonly worker: Bundle.Bundle; readonly writer: Bundle.Bundle }

beforeAll(async () => {
  bundles = { worker: await Bundle.make("FleetWorker"), writer: await Bundle.make("test/support/OrderWriter") }
})

afterAll(() => {
  bundles.worker.remove()
  bundles.writer.remove()
})

interface Writer {
  readonly child: Children.Child
  readonly written: Array<Extract<Told, { readonly _tag: "Written" }>>
  readonly givenUp: Array<Extract<Told, { readonly _tag: "GivenUp" }>>
  ended: Extract<Report, { readonly _tag: "Ended" }> | undefined
}

interface Settings {
  readonly order: "none" | "key"
  readonly aggregate: boolean
}

const startWriter = ({ start }: Fleets.Fleet, name: string, { aggregate, order }: Settings) =>
  Effect.gen(function*() {
    const reports: Omit<Writer, "child"> = { written: [], givenUp: [], ended: undefined }
    const child = yield* start({
      program: bundles.writer.program,
      env: { WRITER: name, ORDER: order, AGGREGATE: String(aggregate), BATCHES: String(mostBatches) },
      onLine: (line) => {
        const report = JSON.parse(line) as Report
        if (report._tag === "Written") reports.written.push(report)
        if (report._tag === "GivenUp") reports.givenUp.push(report)
        if (report._tag === "Ended") reports.ended = report
      }
    })
    return Object.assign(reports, { child }) as Writer
  })

interface Numbered {
  readonly key: string
  readonly number: number
}

const idOf = ({ key, number }: Numbered): string => `${key} ${number}`

/** The copies of each order that were read, in the order of the stream: a key is never in two shards at a time. */
const copiesOf = (handled: ReadonlyArray<HandledBy>): ReadonlyMap<string, ReadonlyArray<HandledBy>> => {
  const copies = new Map<string, Array<HandledBy>>()
  for (const each of handled) {
    const known = copies.get(idOf(each)) ?? []
    if (!known.some(({ sequenceNumber }) => sequenceNumber === each.sequenceNumber)) known.push(each)
    copies.set(idOf(each), known)
  }
  return copies
}

const places = (a: Producer.Receipt, b: Producer.Receipt): number =>
  Position.compareSequenceNumbers(a.sequenceNumber, b.sequenceNumber) ||
  (a.subSequenceNumber ?? 0) - (b.subSequenceNumber ?? 0)

/** The numbers of each key, in the order in which its records stand in the stream. */
const inStream = (written: Writer["written"]): ReadonlyArray<ReadonlyArray<number>> => {
  const sorted = [...written].sort((a, b) => places(a.receipt, b.receipt))
  return [...new Set(sorted.map(({ key }) => key))].map((key) =>
    sorted.filter((each) => each.key === key).map(({ number }) => number)
  )
}

const isRising = (numbers: ReadonlyArray<number>): boolean =>
  numbers.every((number, index) => index === 0 || number > numbers[index - 1]!)

/** A writer that ends before it is asked to has failed. */
const whileWriting = (writers: ReadonlyArray<Writer>, waiting: Effect.Effect<void, Fleets.FleetError>) =>
  writers.reduce(
    (waiting, { child }) =>
      Effect.raceFirst(
        waiting,
        Effect.flatMap(child.ended, ({ code, complaint, signal }) =>
          Effect.dieMessage(`a writer ended with ${signal ?? `code ${code}`}: ${complaint}`))
      ),
    waiting
  )

/** Writers and readers of one stream: a shard is split, two are merged, a writer is killed, the others are asked to end. */
const story = Effect.gen(function*() {
  const fleet = yield* Fleets.make({
    shardCount: 4,
    customers: 0,
    leaseMillis: 20_000,
    balanceMillis: 400,
    discoveryMillis: 250,
    orderMillis: 1,
    fanOut: true,
    program: bundles.worker.program
  })
  const { history, join, merge, openShards, split, until } = fleet
  yield* Effect.replicateEffect(join, 2)
  const killed = yield* startWriter(fleet, "killed", { order: "key", aggregate: true })
  const survivors = yield* Effect.all([
    startWriter(fleet, "keyed", { order: "key", aggregate: false }),
    startWriter(fleet, "packed", { order: "key", aggregate: true }),
    startWriter(fleet, "loose", { order: "none", aggregate: true })
  ])
  const all = [killed, ...survivors]
  const untilEachWrote = (writers: ReadonlyArray<Writer>, what: string) =>
    Effect.suspend(() => {
      const before = writers.map(({ written }) => written.length)
      const isSo = () => writers.every(({ written }, index) => written.length >= before[index]! + 40)
      return whileWriting(writers, until(what, patience, isSo))
    })

  yield* untilEachWrote(all, "all write")
  const [first, second, third] = yield* openShards
  const ofSplit = yield* split(first!)
  yield* untilEachWrote(all, "all write on after the split")
  const ofMerge = yield* merge(second!, third!)
  yield* untilEachWrote(all, "all write on after the merge")
  yield* killed.child.kill("SIGKILL")
  yield* killed.child.ended
  yield* untilEachWrote(survivors, "the others write on after the kill")
  const ends = yield* Effect.forEach(survivors, ({ child }) => Effect.zipRight(child.kill("SIGTERM"), child.ended), {
    concurrency: "unbounded"
  })
  const told = all.flatMap(({ written }) => written)
  const isRead = () => {
    const read = new Set(history.handled.map(idOf))
    return told.every((each) => read.has(idOf(each)))
  }
  yield* until("what was told written is read", patience, isRead)
  return { all, survivors, told, ends, children: [...ofSplit, ...ofMerge], copies: copiesOf(history.handled) }
}).pipe(Effect.scoped)

describe("processes that write to a server", () => {
  it.live(
    "a split, a merge and a kill: what was told written is read from where it was told, and in the order of its key",
    ({ annotate }) =>
      Effect.gen(function*() {
        const { all, children, copies, ends, survivors, told } = yield* story
        const again = told.filter(({ receipt }) => receipt.attempts > 1).length
        const untold = [...copies.keys()].length - new Set(told.map(idOf)).size
        yield* Effect.promise(() =>
          annotate(`${told.length} told written, ${again} at a later attempt; ${untold} untold`)
        )

        for (const { key, number, receipt } of told) {
          const read = copies.get(`${key} ${number}`)!
          const { attempts, sequenceNumber, shardId } = receipt
          assert.isTrue(read.some((copy) => copy.sequenceNumber === sequenceNumber && copy.shardId === shardId))
          assert.isTrue(read.length === 1 || attempts > 1, `${key} ${number} is there ${read.length} times`)
        }
        for (const { written } of all.filter((writer) => writer !== survivors[2])) {
          for (const numbers of inStream(written)) assert.isTrue(isRising(numbers), String(numbers))
        }
        for (const shardId of children) assert.isTrue(told.some(({ receipt }) => receipt.shardId === shardId), shardId)

        assert.deepStrictEqual(ends.map(({ code }) => code), [0, 0, 0])
        for (const { ended, givenUp, written } of survivors) {
          assert.deepStrictEqual(givenUp, [])
          assert.include(ended!.stats, { accepted: written.length, written: written.length, failed: 0, waiting: 0 })
        }
      }),
    600_000
  )
})
