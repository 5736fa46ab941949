import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Exit, Schema, Stream } from "effect"
import { RecordDecoder } from "effect-kinesis"
import { recordOf } from "./support/decoding.js"

const Id = Schema.Struct({ id: Schema.Int })
const idOf = (id: number): string => JSON.stringify({ id })

/** The sizes of the chunks that a decoder hands on. */
const sizesOf = <A, E>(stream: Stream.Stream<A, E>) =>
  Effect.gen(function*() {
    const sizes: Array<number> = []
    yield* Stream.runForEachChunk(stream, (chunk) => Effect.sync(() => void sizes.push(chunk.length)))
    return sizes
  })

const page = (count: number) =>
  Stream.fromChunk(Chunk.fromIterable(Array.from({ length: count }, (_, id) => recordOf(idOf(id)))))

describe("decoding in slices", () => {
  it.effect("a page is handed on 256 values at a time", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* sizesOf(RecordDecoder.json(Id)(page(600))), [256, 256, 88])
      const eithers = RecordDecoder.json(Id, { onInvalid: "either" })
      assert.deepStrictEqual(yield* sizesOf(eithers(page(257))), [256, 1])
    }))

  it.effect("a page of large records is handed on 256 KiB at a time", () =>
    Effect.gen(function*() {
      const large = recordOf(`${" ".repeat(100 * 1024)}${idOf(1)}`)
      const small = recordOf(idOf(1))
      const records = [large, large, large, large, small, large, large, ...Array.from({ length: 300 }, () => small)]
      assert.deepStrictEqual(yield* sizesOf(RecordDecoder.json(Id)(Stream.fromIterable(records))), [3, 4, 256, 44])
    }))

  it.effect("what comes of one slice is handed on before the next is decoded", () =>
    Effect.gen(function*() {
      const parsed: Array<number> = []
      const parse = (text: string) => {
        const value = JSON.parse(text) as { readonly id: number }
        parsed.push(value.id)
        return value
      }
      const first = RecordDecoder.json(Id, { parse })(page(10_000))
      yield* Stream.runForEachWhile(first, ({ value }) => Effect.succeed(value.id < 300))
      assert.strictEqual(parsed.length, 512)
    }))

  it.effect("the values of one record stay together, so that skipping what is behind them closes it", () =>
    Effect.gen(function*() {
      const good = Array.from({ length: 255 }, (_, id) => recordOf(idOf(id)))
      const mixed = recordOf(`${idOf(255)}\n${idOf(256)}\n"no order"`)
      const lines = RecordDecoder.ndjson(Schema.Unknown)
      const orders = RecordDecoder.json(Id, {
        onInvalid: "skip",
        parse: (text) => text === "" ? undefined : (JSON.parse(text) as unknown)
      })
      const again = Stream.map(lines(Stream.fromIterable([...good, mixed])), (decoded) => ({
        ...decoded,
        data: new TextEncoder().encode(JSON.stringify(decoded.value))
      }))
      const chunked = Stream.rechunk(again, 10_000)
      const values = Chunk.toReadonlyArray(yield* Stream.runCollect(orders(chunked)))
      assert.deepStrictEqual(values.slice(-2).map(({ isLastValue, value }) => [value.id, isLastValue]), [
        [255, false],
        [256, true]
      ])
      assert.deepStrictEqual(yield* sizesOf(orders(chunked)), [257])
    }))

  it.effect("a failure in a later slice comes after what is good before it", () =>
    Effect.gen(function*() {
      const records = [...Array.from({ length: 300 }, (_, id) => recordOf(idOf(id))), recordOf("no"), recordOf(idOf(1))]
      let seen = 0
      const exit = yield* Stream.fromIterable(records).pipe(
        RecordDecoder.json(Id),
        Stream.runForEach(() => Effect.sync(() => void seen++)),
        Effect.exit
      )
      assert.isTrue(Exit.isFailure(exit))
      assert.strictEqual(seen, 300)
    }))

  it.effect("a slice in which a schema needs an effect keeps its order", () =>
    Effect.gen(function*() {
      const Slow = Schema.transformOrFail(Id, Id, {
        strict: true,
        decode: (value) => value.id % 3 === 0 ? Effect.as(Effect.yieldNow(), value) : Effect.succeed(value),
        encode: Effect.succeed
      })
      const values = yield* Stream.runCollect(RecordDecoder.json(Slow)(page(700)))
      assert.deepStrictEqual(
        Chunk.toReadonlyArray(values).map(({ value }) => value.id),
        Array.from({ length: 700 }, (_, id) => id)
      )
    }))

  it.effect("a slice of which nothing is left is no end", () =>
    Effect.gen(function*() {
      const records = [...Array.from({ length: 512 }, () => recordOf("no")), recordOf(idOf(7))]
      const values = yield* Stream.runCollect(
        RecordDecoder.json(Id, { onInvalid: "skip" })(Stream.fromIterable(records))
      )
      assert.deepStrictEqual(Chunk.toReadonlyArray(values).map(({ value }) => value.id), [7])
    }))
})
