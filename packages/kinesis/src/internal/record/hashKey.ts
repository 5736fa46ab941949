import { createHash } from "node:crypto"

export const fromPartitionKey = (partitionKey: string): bigint =>
  BigInt(`0x${createHash("md5").update(partitionKey, "utf8").digest("hex")}`)
