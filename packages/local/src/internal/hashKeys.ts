import type * as Api from "effect-kinesis/KinesisApi"
import { lowerBound } from "./lowerBound.js"

/** Hash keys with both ends included. */
export interface Range {
  readonly start: bigint
  readonly end: bigint
}

export const size = 2n ** 128n

/** The starts of `count` ranges of equal size. They include the starts of half as many ranges. */
export const evenStarts = (count: number): ReadonlyArray<bigint> =>
  Array.from({ length: count }, (_, index) => (BigInt(index) * size) / BigInt(count))

/** `count` ranges of equal size that cover every hash key once. */
export const evenRanges = (count: number): ReadonlyArray<Range> => {
  const starts = evenStarts(count)
  return starts.map((start, index) => ({ start, end: (starts[index + 1] ?? size) - 1n }))
}

const wellFormed = /^(0|[1-9]\d{0,38})$/

/** Undefined unless it is a decimal from 0 to 2^128 - 1. */
export const parse = (hashKey: string): bigint | undefined => {
  if (!wellFormed.test(hashKey)) return undefined
  const value = BigInt(hashKey)
  return value < size ? value : undefined
}

/** The range that contains the key, among ordered ranges that cover every key once. */
export const holder = <A extends Range>(ranges: ReadonlyArray<A>, hashKey: bigint): A =>
  ranges[lowerBound(0, ranges.length - 1, (index) => ranges[index]!.end < hashKey)]!

export const toHashKeyRange = ({ end, start }: Range): Api.HashKeyRange => ({
  startingHashKey: String(start),
  endingHashKey: String(end)
})
