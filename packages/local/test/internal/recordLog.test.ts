import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import * as RecordLog from "../../src/internal/recordLog.js"

type Step =
  | { readonly _tag: "Append"; readonly key: string | undefined; readonly bytes: number; readonly times: number }
  | { readonly _tag: "Forget"; readonly share: number }

const bytes = FastCheck.oneof(
  { weight: 6, arbitrary: FastCheck.nat({ max: 300 }) },
  { weight: 1, arbitrary: FastCheck.nat({ max: 150_000 }) }
)

const step: FastCheck.Arbitrary<Step> = FastCheck.oneof(
  {
    weight: 4,
    arbitrary: FastCheck.record({
      _tag: FastCheck.constant("Append" as const),
      key: FastCheck.option(FastCheck.string({ unit: "grapheme", maxLength: 12 }), { nil: undefined }),
      bytes,
      times: FastCheck.integer({ min: 1, max: 60 })
    })
  },
  {
    weight: 1,
    arbitrary: FastCheck.record({ _tag: FastCheck.constant("Forget" as const), share: FastCheck.nat({ max: 100 }) })
  }
)

const entryAt = (place: number, partitionKey: string | undefined, bytes: number): RecordLog.Entry => ({
  sequenceNumber: String(place).padStart(56, "4"),
  partitionKey,
  data: new Uint8Array(bytes).fill(place % 251),
  arrival: 1_764_000_000_000 + place
})

const sizeOf = ({ data, partitionKey }: RecordLog.Entry): number =>
  data.length + (partitionKey === undefined ? 0 : Buffer.byteLength(partitionKey))

/** The log, and the same as a plain list. */
const after = (steps: ReadonlyArray<Step>) => {
  const log = RecordLog.empty()
  const model: Array<RecordLog.Entry> = []
  for (const each of steps) {
    if (each._tag === "Forget") RecordLog.forget(log, Math.floor(model.length * each.share / 100))
    else {
      for (let time = 0; time < each.times; time++) {
        const entry = entryAt(model.length, each.key, each.bytes)
        model.push(entry)
        RecordLog.append(log, entry)
      }
    }
  }
  return { log, model }
}

const read = (log: RecordLog.RecordLog, span: RecordLog.Span): ReadonlyArray<RecordLog.Entry> =>
  [...RecordLog.pieces(log, span)].flat()

/** By name of a field: a comparison of megabytes byte by byte takes seconds. */
const shown = ({ data, ...entry }: RecordLog.Entry) => ({ ...entry, data: Buffer.from(data).toString("latin1") })

describe("recordLog", () => {
  it.prop("holds what was appended and not forgotten, at its place", [
    FastCheck.array(step, { maxLength: 12 }),
    FastCheck.nat(),
    FastCheck.nat()
  ], ([steps, one, other]) => {
    const { log, model } = after(steps)
    assert.strictEqual(log.length, model.length)
    const [from, to] = [one % (model.length + 1), other % (model.length + 1)].sort((a, b) => a - b) as [number, number]
    assert.deepStrictEqual(read(log, { from, to }).map(shown), model.slice(Math.max(from, log.start), to).map(shown))
    for (const place of [from, to, log.start]) {
      const held = place < log.start ? undefined : model[place]
      assert.strictEqual(RecordLog.arrivalAt(log, place), held?.arrival)
      assert.strictEqual(RecordLog.sequenceNumberAt(log, place), held?.sequenceNumber)
    }
  })

  it.prop("tells how many have room, at least one", [
    FastCheck.array(step, { maxLength: 6 }),
    FastCheck.nat(),
    FastCheck.nat({ max: 400_000 })
  ], ([steps, pick, mostBytes]) => {
    const { log, model } = after(steps)
    const from = log.start + pick % (model.length - log.start + 1)
    const { bytes, next } = RecordLog.fitting(log, { from, to: model.length }, mostBytes)
    assert.strictEqual(bytes, model.slice(from, next).reduce((sum, entry) => sum + sizeOf(entry), 0))
    assert.isTrue(next > from || from === model.length)
    assert.isTrue(bytes <= mostBytes || next === from + 1)
    assert.isTrue(next === model.length || bytes + sizeOf(model[next]!) > mostBytes)
  })

  it("neither the writer nor a reader can change what is written", () => {
    const log = RecordLog.empty()
    const data = Uint8Array.of(1, 2, 3)
    RecordLog.append(log, { ...entryAt(0, "key", 0), data })
    data.fill(9)
    const all = { from: 0, to: 1 }
    assert.deepStrictEqual([...read(log, all)[0]!.data], [1, 2, 3])
    read(log, all)[0]!.data.fill(9)
    assert.deepStrictEqual([...read(log, all)[0]!.data], [1, 2, 3])
  })

  it("lets go of the bytes of what is forgotten, and goes on behind places that it never had", () => {
    const log = RecordLog.empty()
    for (let place = 0; place < 1000; place++) RecordLog.append(log, entryAt(place, "key", 1000))
    const blocks = log.blocks.length
    RecordLog.forget(log, 990)
    assert.isAbove(blocks, 10)
    assert.isAtMost(log.blocks.length, 2)
    RecordLog.forget(log, 5000)
    assert.deepStrictEqual([log.blocks.length, log.length], [0, 5000])
    RecordLog.append(log, entryAt(5000, "key", 1))
    assert.deepStrictEqual(read(log, { from: 0, to: 6000 }), [entryAt(5000, "key", 1)])
  })
})
