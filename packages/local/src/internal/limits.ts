import * as Throughput from "./throughput.js"

/** Which of the service's limits hold. */
export interface Limits {
  readonly throughput: boolean
  readonly calls: boolean
  readonly sizes: boolean
  readonly scaling: boolean
  readonly consumers: boolean
  readonly expiry: boolean
}

/** Those of AWS. */
export const all: Limits = {
  throughput: true,
  calls: true,
  sizes: true,
  scaling: true,
  consumers: true,
  expiry: true
}

/** Those that hold, if some are switched off. */
export const of = (options: { readonly [K in keyof Limits]?: boolean | undefined } = {}): Limits => ({
  throughput: options.throughput ?? true,
  calls: options.calls ?? true,
  sizes: options.sizes ?? true,
  scaling: options.scaling ?? true,
  consumers: options.consumers ?? true,
  expiry: options.expiry ?? true
})

/** The accepted calls of the last second including this one, or undefined if it is one too many. */
export const countCall = (
  { calls }: Limits,
  counted: ReadonlyArray<number>,
  perSecond: number,
  now: number
): ReadonlyArray<number> | undefined => calls ? Throughput.countCall(counted, perSecond, now) : counted

const { bytes, calls: noCalls, pausedUntil } = Throughput.noReads

export const mayRead = ({ calls, throughput }: Limits, reads: Throughput.Reads, now: number): boolean =>
  Throughput.mayRead({
    ...(throughput ? reads : { bytes, pausedUntil }),
    calls: calls ? reads.calls : noCalls
  }, now)

/** Undefined if the record is too much for the shard now. */
export const countWrite = (
  { throughput }: Limits,
  writes: Throughput.Writes,
  bytes: number,
  now: number,
  burst: number
): Throughput.Writes | undefined => throughput ? Throughput.countWrite(writes, bytes, now, burst) : writes

/** What was pushed to a consumer from a shard, with so many bytes more. */
export const afterPush = (
  { throughput }: Limits,
  pushed: Throughput.Bucket,
  bytes: number,
  now: number
): Throughput.Bucket => throughput ? Throughput.afterPush(pushed, bytes, now) : pushed
