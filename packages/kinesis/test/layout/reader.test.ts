import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { setImmediate } from "node:timers/promises"
import { inspect } from "node:util"
import * as Layout from "../../src/internal/layout/layout.js"
import * as Reader from "../../src/internal/layout/reader.js"
import * as Program from "../../src/internal/schema/program.js"
import * as compiled from "../schema/schemas.js"
import * as Agreement from "./agreement.js"
import * as own from "./schemas.js"

/** How many texts of each schema are compared. `npm run compare:layouts` asks for a million. */
const texts = Number(process.env["LAYOUT_TEXTS"] ?? 10_000)
const seed = Number(process.env["LAYOUT_SEED"] ?? 1)

const all = Object.entries({ ...compiled, ...own } as unknown as Record<string, Agreement.AnySchema>)

/** From these nothing is gained: their values are parsed as a whole. */
const without = new Set(["anything", "classes", "invoice"])

/** In the texts of these, keys change places, or are absent where the schema takes `undefined` for it. */
const seldomRead = new Set(["absent", "exchanged"])

const handled = all.filter(([name]) => !without.has(name) && name !== "effectful")

/** So many texts at once that others have their turn. */
const turn = 2_000

describe("a reader", () => {
  for (const [name, schema] of handled) {
    for (const style of Agreement.styles) {
      it(`reads as JSON.parse and Effect do: ${name}, ${style}`, async () => {
        const { reader, ...subject } = Agreement.subjectOf(schema, style)
        assert(reader !== undefined)
        const sum: Agreement.Counts = { texts: 0, read: 0, unchanged: 0, unchangedRead: 0 }
        for (let at = 0; at < texts / Agreement.styles.length; at += turn) {
          await setImmediate()
          const found = Agreement.compare({ ...subject, reader }, turn, seed * 1_000_003 + at)
          if ("text" in found) assert.fail(inspect(found, { depth: null, maxStringLength: null }))
          for (const key of Object.keys(sum) as Array<keyof Agreement.Counts>) sum[key] += found[key]
        }
        assert.isAbove(sum.unchangedRead, sum.unchanged * (seldomRead.has(name) ? 0.3 : 0.9), inspect(sum))
        assert.isAbove(sum.read - sum.unchangedRead, sum.texts / 20, inspect(sum))
      })
    }
  }

  for (const name of without) {
    it(`is not made where nothing is gained: ${name}`, () => {
      assert.isUndefined(
        Reader.make((compiled as Record<string, { ast: typeof Schema.Any.ast }>)[name]!.ast, {}, Layout.make())
      )
    })
  }
})

const encoder = new TextEncoder()

const readerOf = (schema: Schema.Schema.Any, ...samples: ReadonlyArray<string>) => {
  const layout = Layout.make()
  for (const sample of samples) Layout.learn(layout, schema.ast, JSON.parse(sample), sample)
  const reader = Reader.make(schema.ast, Program.withEffects(), layout)
  assert(reader !== undefined)
  return (text: string) => {
    const value = reader(encoder.encode(text))
    return value === Program.unjudged ? "unjudged" : value
  }
}

describe("what was learned", () => {
  const Order = Schema.Struct({ id: Schema.Int, note: Schema.optional(Schema.String), total: Schema.Number })

  it("is an order of keys, of which some may be absent", () => {
    const read = readerOf(Order, "{\"total\":1.5,\"id\":7}", "{\"total\":1.5,\"note\":\"\",\"id\":7}")
    assert.deepStrictEqual(read("{\"total\":2,\"id\":8}"), { id: 8, total: 2 })
    assert.deepStrictEqual(read("{\"total\":2,\"note\":\"a\",\"id\":8}"), { id: 8, note: "a", total: 2 })
    assert.strictEqual(read("{\"id\":8,\"total\":2}"), "unjudged")
    assert.strictEqual(read("{\"total\":2,\"id\":8,\"note\":\"a\"}"), "unjudged")
    assert.strictEqual(read("{\"total\":2}"), "unjudged")
  })

  it("has keys that the schema has not, whose values are checked all the same", () => {
    const read = readerOf(Order, "{\"v\":1,\"id\":7,\"trace\":{\"a\":[1]},\"total\":1}")
    for (const trace of ["{\"a\":[1]}", "[[[]],{}]", "\"\\u00e9\"", "-1.5e+7", "null", "{ \"a\" : [ 1 , 2 ]\n}"]) {
      assert.deepStrictEqual(read(`{"v":1,"id":7,"trace":${trace},"total":1}`), { id: 7, total: 1 }, trace)
    }
    for (
      const trace of [
        "",
        "01",
        "1.",
        "+1",
        "{\"a\"}",
        "[1,]",
        "{\"a\":1,}",
        "\"\\x\"",
        "\"\n\"",
        "nul",
        "{a:1}",
        "[1 2]"
      ]
    ) {
      assert.strictEqual(read(`{"v":1,"id":7,"trace":${trace},"total":1}`), "unjudged", trace)
    }
    assert.deepStrictEqual(read("{\"id\":7,\"total\":1}"), { id: 7, total: 1 })
  })

  it("is that a blank stands behind colons and commas, or none", () => {
    const read = readerOf(Order, "{\"id\": 7, \"total\": 1}")
    assert.deepStrictEqual(read("{\"id\": 7, \"total\": 1}"), { id: 7, total: 1 })
    assert.strictEqual(read("{\"id\":7,\"total\":1}"), "unjudged")
    const list = readerOf(Schema.Array(Schema.String), "[\"a\", \"b\"]")
    assert.deepStrictEqual(list("[\"c\", \"d, e\", \"\"]"), ["c", "d, e", ""])
  })

  it("is nothing of dictionaries, which are left to JSON.parse", () => {
    const layout = Layout.make()
    for (let index = 0; index < 300; index++) {
      const text = `{"id":1,"total":2,"key-${index}":3}`
      Layout.learn(layout, Order.ast, JSON.parse(text), text)
    }
    assert.isUndefined(Reader.make(Order.ast, {}, layout))
  })

  it("may lie deep in a text that is read to its end only", () => {
    const Nested = Schema.Struct({ a: Schema.Array(Schema.Struct({ b: Schema.NullOr(Schema.String) })) })
    const read = readerOf(Nested, "{\"a\":[{\"b\":null}]}")
    assert.deepStrictEqual(read("{\"a\":[]}"), { a: [] })
    assert.deepStrictEqual(read("{\"a\":[{\"b\":\"c\"},{\"b\":null}]}"), { a: [{ b: "c" }, { b: null }] })
    for (const end of ["", "}", "]}}", "]} ", "]}\n", "]},"]) assert.strictEqual(read(`{"a":[${end}`), "unjudged")
  })
})

describe("members of a union", () => {
  interface Node {
    readonly child: Node | null
    readonly kind: "a" | "b"
  }
  const Node: Schema.Schema<Node> = Schema.Union(
    ...["a", "b"].map((kind) =>
      Schema.Struct({
        child: Schema.NullOr(Schema.suspend((): Schema.Schema<Node> => Node)),
        kind: Schema.Literal(kind as "a")
      })
    ) as unknown as [Schema.Schema<Node>]
  )
  const nested = (depth: number, print: (child: string) => string): string =>
    depth === 0 ? "null" : print(nested(depth - 1, print))

  it("are told apart by a tag, at each level", () => {
    const print = (child: string) => `{"kind":"b","child":${child}}`
    const read = readerOf(Node, nested(3, print))
    assert.deepStrictEqual(read(nested(60, print)), JSON.parse(nested(60, print)))
  })

  it("are not tried one by one where the tag comes last, which would double with each level", () => {
    const layout = Layout.make()
    const text = nested(3, (child) => `{"child":${child},"kind":"b"}`)
    Layout.learn(layout, Node.ast, JSON.parse(text), text)
    assert.isUndefined(Reader.make(Node.ast, {}, layout))
  })
})

describe("a function of the schema", () => {
  it("that gives an effect leaves the text", () => {
    const read = readerOf(compiled.effectful, "{\"id\":1,\"name\":\"a\"}")
    assert.strictEqual(read("{\"id\":1,\"name\":\"a\"}"), "unjudged")
  })

  it("that throws leaves the text", () => {
    const Thrown = Schema.Struct({
      a: Schema.Number.pipe(Schema.filter((a) => {
        if (a > 1) throw new Error("too large")
        return true
      }))
    })
    const read = readerOf(Thrown, "{\"a\":1}")
    assert.deepStrictEqual(read("{\"a\":1}"), { a: 1 })
    assert.strictEqual(read("{\"a\":2}"), "unjudged")
    assert.deepStrictEqual(read("{\"a\":0}"), { a: 0 })
  })

  it("may read with the same reader, which is then busy", () => {
    let inner: unknown
    const Own: Schema.Schema<{ readonly a: number }> = Schema.Struct({
      a: Schema.Number.pipe(Schema.filter(() => {
        inner = read("{\"a\":2}")
        return true
      }))
    })
    const read = readerOf(Own, "{\"a\":1}")
    assert.deepStrictEqual(read("{\"a\":1}"), { a: 1 })
    assert.strictEqual(inner, "unjudged")
  })
})
