import { createRequire } from "node:module"
import type * as Aggregation from "../../../kinesis/src/internal/record/aggregation.js"
import type { MakeSubject, Subject } from "../measure.js"

/** The code as it is published. */
const aggregation = new URL("../../../kinesis/dist/internal/record/aggregation.js", import.meta.url).href
const { aggregate, deaggregate } = await import(aggregation) as typeof Aggregation

const peer = createRequire(import.meta.url)("aws-kinesis-agg") as {
  readonly RecordAggregator: new() => {
    readonly addUserRecord: (record: { readonly partitionKey: string; readonly data: Buffer }) => void
    readonly build: () => { readonly data: Buffer }
  }
  readonly deaggregateSync: (
    record: { readonly kinesis: unknown; readonly data: string },
    computeChecksums: boolean,
    done: (error: unknown, records: ReadonlyArray<{ readonly data: string }>) => void
  ) => void
}

const count = 100
const users = Array.from({ length: count }, (_, index) => ({
  partitionKey: `user-${index % 20}-abcdef`,
  explicitHashKey: undefined,
  data: Buffer.alloc(256, index)
}))
const packed = Buffer.from(aggregate(users))

/** As often as possible, in slices of 50, since reading the clock costs time, too. */
const often = (go: () => void): Subject => async (millis) => {
  const end = performance.now() + millis
  let units = 0
  while (performance.now() < end) {
    for (let slice = 0; slice < 50; slice++) go()
    units += 50 * count
  }
  return units
}

/** The peer gives and takes base64; a user of the SDK has bytes, and wants bytes. */
const subjects: Record<string, Subject> = {
  peerUnpacks: often(() =>
    peer.deaggregateSync({ kinesis: {}, data: packed.toString("base64") }, true, (_, records) => {
      for (const record of records) Buffer.from(record.data, "base64")
    })
  ),
  unpacks: often(() => void deaggregate(packed)),
  peerPacks: often(() => {
    const aggregator = new peer.RecordAggregator()
    for (const { data, partitionKey } of users) aggregator.addUserRecord({ partitionKey, data })
    aggregator.build()
  }),
  packs: often(() => void aggregate(users))
}

export const make: MakeSubject = async (name) => subjects[name]!
