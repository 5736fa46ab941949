import type * as AST from "effect/SchemaAST"
import * as Program from "../schema/program.js"
import { latin1 } from "../wire/bufferMethods.js"
import * as Layout from "./layout.js"
import * as Reader from "./reader.js"

/** What a decoder knows of the layout of the texts that it is given. It waits, learns, and reads, until reading is no gain: then it waits anew. */
export interface State {
  readonly ast: AST.AST
  readonly options: AST.ParseOptions
  /** How many texts are let pass before the next ones are learned from. */
  waiting: number
  /** How many are let pass the next time that reading is no gain. */
  nextWaiting: number
  layout: Layout.Layout
  /** From how many texts more the layout is learned. */
  lacking: number
  /** Whether the layout has keys that the reader does not know. */
  hasGrown: boolean
  reader: Reader.Reader | undefined
  /** After how many texts the reader is judged. */
  trial: number
  /** How many texts were tried since it was judged, and how many of them were read. */
  tried: number
  read: number
  /** Bytes that the reader has just left. */
  left: Uint8Array | undefined
}

/** A stream of fewer texts is not worth the code. */
const firstWaiting = 192

/** From how many texts a layout is learned. */
const samples = 64

const firstTrial = 256

/** A text that is left was read in vain, so that reading is no gain when half of them are. */
const leastRead = 1 / 2

/** Of fewer texts that are left nothing more is learned. */
const enoughRead = 31 / 32

/** To write a reader takes as long as to decode a thousand texts or more: after one that was no gain the next one has to wait. */
const longWaiting = 50_000

const mostWaiting = 10_000_000

/** By how much that time becomes shorter for each text of a trial that was a gain. */
const credit = 4

export const make = (ast: AST.AST, options: AST.ParseOptions): State => ({
  ast,
  options,
  waiting: firstWaiting,
  nextWaiting: longWaiting,
  layout: Layout.make(),
  lacking: samples,
  hasGrown: false,
  reader: undefined,
  trial: firstTrial,
  tried: 0,
  read: 0,
  left: undefined
})

const startAnew = (self: State, waiting: number): void => {
  self.reader = undefined
  self.waiting = waiting
  self.layout = Layout.make()
  self.lacking = samples
  self.hasGrown = false
  self.trial = firstTrial
}

const write = (self: State): void => {
  self.reader = Reader.make(self.ast, self.options, self.layout)
  self.hasGrown = false
  if (self.reader === undefined) startAnew(self, Infinity)
}

/**
 * What is read on after a trial: a reader that left much is written again with the keys that were learned from it, each time after a longer
 * trial; one that left most is given up. A stream whose writers change learns anew at once if it was read well for long, and one of mixed
 * layouts ever more rarely.
 */
const judge = (self: State): void => {
  const share = self.read / self.tried
  if (share < leastRead && !self.hasGrown) {
    startAnew(self, self.nextWaiting)
    self.nextWaiting = Math.min((self.nextWaiting + longWaiting) * 2, mostWaiting)
  } else {
    self.nextWaiting = Math.max(0, self.nextWaiting - credit * self.read)
    self.lacking = samples
    if (share < enoughRead && self.hasGrown) {
      self.trial *= 2
      write(self)
    }
  }
  self.tried = 0
  self.read = 0
}

/** The value in these bytes, or `Program.unjudged` where they must be decoded in another way. */
export const read = (self: State, data: Uint8Array): unknown => {
  const { left, reader } = self
  if (reader === undefined) return Program.unjudged
  if (left === data) {
    self.left = undefined
    return Program.unjudged
  }
  const value = reader(data)
  if (value === Program.unjudged) self.left = data
  else self.read++
  if (++self.tried === self.trial) judge(self)
  return value
}

/** Whether texts are read by a layout. */
export const isReading = (self: State): boolean => self.reader !== undefined

/** The part of a text that tells how it is printed. */
const beginning = (data: Uint8Array): string =>
  latin1(Buffer.from(data.buffer, data.byteOffset, data.length), 0, Math.min(data.length, 256))

/** Learns from bytes that were decoded in another way: from the JSON in them, which the schema accepts. */
export const learn = (self: State, json: unknown, data: Uint8Array): void => {
  if (self.waiting > 0) {
    self.waiting--
    return
  }
  if (self.lacking === 0 || !(data instanceof Uint8Array)) return
  self.lacking--
  if (Layout.learn(self.layout, self.ast, json, beginning(data))) self.hasGrown = true
  if (self.lacking === 0 && self.reader === undefined) write(self)
}
