import { createHash } from "node:crypto"

export const fromPartitionKey = (partitionKey: string): bigint =>
  BigInt(`0x${createHash("md5").update(partitionKey, "utf8").digest("hex")}`)

const most = 2n ** 128n - 1n

/** The hash key of a decimal, with or without leading zeros; undefined if it is not a number from 0 to 2^128 - 1. */
export const fromDecimal = (text: string): bigint | undefined => {
  const digits = /^0*(0|[1-9]\d{0,38})$/.exec(text)?.[1]
  if (digits === undefined) return undefined
  const hashKey = BigInt(digits)
  return hashKey <= most ? hashKey : undefined
}
