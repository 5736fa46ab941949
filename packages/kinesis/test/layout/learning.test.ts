import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Learning from "../../src/internal/layout/learning.js"
import * as Program from "../../src/internal/schema/program.js"
import { isSame } from "./agreement.js"

const Order = Schema.Struct({ id: Schema.Int, note: Schema.optional(Schema.String) })
const program = Program.make(Order.ast, "decode", Program.withEffects())

const make = () => Learning.make(Order.ast, Program.withEffects())

const encoder = new TextEncoder()

/** Decodes texts as a decoder does; returns how many were read by their layout, and asserts each value. */
const decode = (self: Learning.State, count: number, textOf: (index: number) => string): number => {
  let read = 0
  for (let index = 0; index < count; index++) {
    const text = textOf(index)
    const data = encoder.encode(text)
    const expected = program(JSON.parse(text))
    const value = Learning.read(self, data)
    if (value === Program.unjudged) {
      Learning.learn(self, JSON.parse(text), data)
    } else {
      if (!isSame(value, expected)) assert.deepStrictEqual(value, expected)
      read++
    }
  }
  return read
}

const plain = (id: number): string => JSON.stringify({ id })
const noted = (id: number): string => JSON.stringify({ id, note: "a" })
const versioned = (id: number): string => JSON.stringify({ version: 2, id })
const indented = (id: number): string => JSON.stringify({ id, note: "a" }, null, 2)
const shuffled = (id: number): string => JSON.stringify(id % 2 === 0 ? { id, note: "a" } : { note: "a", id })

describe("a decoder that learns", () => {
  it("generates no code for a stream of few records", () => {
    const self = make()
    decode(self, 255, plain)
    assert.isFalse(Learning.isReading(self))
    decode(self, 1, plain)
    assert.isTrue(Learning.isReading(self))
    assert.strictEqual(decode(self, 1000, plain), 1000)
  })

  it("learns a key that appears later, from the texts that it leaves", () => {
    const self = make()
    decode(self, 1000, plain)
    const read = decode(self, 3000, (id) => id % 3 === 0 ? versioned(id) : plain(id))
    assert.isAbove(read, 2500)
    assert.strictEqual(decode(self, 300, versioned), 300)
    assert.strictEqual(decode(self, 300, plain), 300)
  })

  it("learns anew when the writers have changed", () => {
    const self = make()
    decode(self, 13_000, noted)
    assert.isAbove(decode(self, 2000, (id) => JSON.stringify({ note: "a", id })), 1000)
  })

  it("gives up texts that have no layout, for ever longer", () => {
    const self = make()
    let written = 0
    let isReading = false
    const watched = (id: number): string => {
      if (Learning.isReading(self) && !isReading) written++
      isReading = Learning.isReading(self)
      return indented(id)
    }
    assert.strictEqual(decode(self, 60_000, watched), 0)
    assert.strictEqual(written, 2)
    assert.isFalse(Learning.isReading(self))
    assert.isAbove(self.waiting, 150_000)
  })

  it("goes on with half of the texts, and gives up with less", () => {
    const self = make()
    decode(self, 512, noted)
    assert.strictEqual(decode(self, 1024, shuffled), 512)
    assert.isTrue(Learning.isReading(self))
    decode(self, 512, (id) => shuffled(id % 3))
    assert.strictEqual(decode(self, 512, (id) => id % 4 === 0 ? noted(id) : shuffled(1)), 64)
    assert.isFalse(Learning.isReading(self))
  })

  it("writes a reader again ever more rarely", () => {
    const self = make()
    let written = 0
    let reader = self.reader
    decode(self, 20_000, (id) => {
      if (self.reader !== reader) written++
      reader = self.reader
      return id % 8 === 0 ? JSON.stringify({ id, [`key-${id % 1600}`]: 1 }) : plain(id)
    })
    assert.isAtMost(written, 10)
  })

  it("does without a reader, for good, where nothing is gained", () => {
    const self = Learning.make(Schema.Unknown.ast, {})
    for (let index = 0; index < 1000; index++) Learning.learn(self, { id: index }, encoder.encode(plain(index)))
    assert.isFalse(Learning.isReading(self))
    assert.strictEqual(self.waiting, Infinity)
  })

  it("asks no text twice that it has just left", () => {
    const self = make()
    decode(self, 512, plain)
    const data = encoder.encode("{\"note\":\"a\",\"id\":1}")
    assert.strictEqual(Learning.read(self, data), Program.unjudged)
    const { tried } = self
    assert.strictEqual(Learning.read(self, data), Program.unjudged)
    assert.strictEqual(self.tried, tried)
  })

  it("leaves what are no bytes", () => {
    const self = make()
    decode(self, 512, plain)
    for (const data of [undefined, "{\"id\":1}", new ArrayBuffer(8), new DataView(new ArrayBuffer(8)), [0x7b, 0x7d]]) {
      assert.strictEqual(Learning.read(self, data as never), Program.unjudged)
      Learning.learn(self, { id: 1 }, data as never)
    }
  })
})
