/** The parts of a sequence number, in the layout that the service has used since 2014 (version 2). */
export interface Parts {
  readonly createdSeconds: number
  readonly shardIndex: number
  readonly counter: number | bigint
  readonly arrivalSeconds: number
}

/** Above the counter of every record. */
export const lastCounter = 0x7fff_ffff_ffff_ffffn

const hex = (value: number | bigint, digits: number): string => value.toString(16).padStart(digits, "0")

/** The number of these parts with a counter of 0. */
const ofNoRecord = ({ arrivalSeconds, createdSeconds, shardIndex }: Omit<Parts, "counter">): bigint =>
  BigInt(
    `0x2${hex(createdSeconds, 9)}${hex(shardIndex % 16, 1)}${hex(0, 16)}00${hex(arrivalSeconds, 9)}${
      hex(shardIndex, 8)
    }2`
  )

interface Known extends Omit<Parts, "counter"> {
  readonly number: bigint
}

/** The latest of each shard: records of one second differ in their counters alone. */
const latest = new Map<number, Known>()

const known = (parts: Parts): bigint => {
  const { arrivalSeconds, createdSeconds, shardIndex } = parts
  const before = latest.get(shardIndex)
  if (before !== undefined && before.arrivalSeconds === arrivalSeconds && before.createdSeconds === createdSeconds) {
    return before.number
  }
  const number = ofNoRecord(parts)
  latest.set(shardIndex, { arrivalSeconds, createdSeconds, shardIndex, number })
  return number
}

/** Behind the counter are 20 hexadecimal digits. */
const counterBits = 80n

/** 47 hexadecimal digits, so 56 decimal ones: the numbers of all shards order as text. */
export const encode = (parts: Parts): string => (known(parts) + (BigInt(parts.counter) << counterBits)).toString()

const wellFormed = /^(0|[1-9]\d{0,128})$/

export const isWellFormed = (sequenceNumber: string): boolean => wellFormed.test(sequenceNumber)

const layout = /^2([\da-f]{9})([\da-f])([\da-f]{16})00([\da-f]{9})([\da-f]{8})2$/

/** Undefined for a number of another layout. */
export const decode = (sequenceNumber: string): Parts | undefined => {
  if (!isWellFormed(sequenceNumber)) return undefined
  const match = layout.exec(BigInt(sequenceNumber).toString(16))
  if (match === null) return undefined
  const shardIndex = Number.parseInt(match[5]!, 16)
  return Number.parseInt(match[2]!, 16) !== shardIndex % 16 ? undefined : {
    createdSeconds: Number.parseInt(match[1]!, 16),
    shardIndex,
    counter: BigInt(`0x${match[3]!}`),
    arrivalSeconds: Number.parseInt(match[4]!, 16)
  }
}

export const seconds = (millis: number): number => Math.max(0, Math.floor(millis / 1000))
