import * as Md5 from "./md5.js"

/** A hash key as four words of 32 bits, the most significant first. To compare two of them costs a tenth of what it does as numbers. */
export type Words = Uint32Array

export const makeWords = (): Words => new Uint32Array(4)

/** Puts the hash key that the service gives a partition key into these words. */
export const hashInto = (words: Words, partitionKey: string): void => Md5.digest(partitionKey, words)

const scratch = makeWords()

/** The hash key that the service gives a partition key. */
export const fromPartitionKey = (partitionKey: string): bigint => {
  hashInto(scratch, partitionKey)
  return fromWords(scratch)
}

export const toWords = (hashKey: bigint): Words =>
  Uint32Array.from([96n, 64n, 32n, 0n], (shift) => Number((hashKey >> shift) & 0xffffffffn))

export const fromWords = (words: Words): bigint => words.reduce((hashKey, word) => (hashKey << 32n) | BigInt(word), 0n)

/** Negative, zero or positive, as the first is less than, equal to or greater than the second. */
export const compare = (a: Words, b: Words): number => a[0]! - b[0]! || a[1]! - b[1]! || a[2]! - b[2]! || a[3]! - b[3]!

const most = 2n ** 128n - 1n

/** The hash key of a decimal, with or without leading zeros; undefined if it is not a number from 0 to 2^128 - 1. */
export const fromDecimal = (text: string): bigint | undefined => {
  const digits = /^0*(0|[1-9]\d{0,38})$/.exec(text)?.[1]
  if (digits === undefined) return undefined
  const hashKey = BigInt(digits)
  return hashKey <= most ? hashKey : undefined
}
