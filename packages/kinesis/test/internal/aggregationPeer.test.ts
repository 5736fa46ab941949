import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { createRequire } from "node:module"
import { aggregate, deaggregate, type SubRecord } from "../../src/internal/record/aggregation.js"

interface PeerRecord {
  readonly partitionKey: string
  readonly data: string
  readonly explicitPartitionKey?: string | undefined
}

interface PeerAggregator {
  readonly addUserRecord: (record: {
    readonly partitionKey: string
    readonly data: Buffer
    readonly explicitHashKey?: string
  }) => void
  readonly build: () => { readonly data: Buffer }
}

/** Amazon's module for Node (awslabs/kinesis-aggregation). */
const peer = createRequire(import.meta.url)("aws-kinesis-agg") as {
  readonly RecordAggregator: new() => PeerAggregator
  readonly deaggregateSync: (
    record: { readonly kinesis?: unknown; readonly data: string },
    computeChecksums: boolean,
    done: (error: unknown, records: ReadonlyArray<PeerRecord>) => void
  ) => void
}

/**
 * Where it is right: partition keys that are no integers and hash keys from 2^32, since it swaps what JavaScript orders as an index; and
 * one byte a character, since it counts characters.
 */
const key = fc.string({ unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz-"), minLength: 1, maxLength: 20 })
  .map((text) => `k${text}`)
const data = fc.uint8Array({ minLength: 1, maxLength: 300 })
const explicitHashKey = fc.bigInt({ min: 2n ** 32n, max: 2n ** 128n - 1n }).map(String)
const withoutHashKeys = fc.array(fc.record({ partitionKey: key, explicitHashKey: fc.constant(undefined), data }), {
  minLength: 1,
  maxLength: 20
})
const withHashKeys = fc.array(fc.record({ partitionKey: key, explicitHashKey, data }), { minLength: 1, maxLength: 20 })
const records = fc.oneof(withoutHashKeys, withHashKeys)

const plain = (record: SubRecord) => [record.partitionKey, record.explicitHashKey, [...record.data]]

describe("aggregation beside aws-kinesis-agg", () => {
  it("takes apart what it packs", () => {
    fc.assert(fc.property(records, (subs) => {
      const aggregator = new peer.RecordAggregator()
      for (const { data, explicitHashKey, partitionKey } of subs) {
        aggregator.addUserRecord({
          partitionKey,
          data: Buffer.from(data),
          ...(explicitHashKey === undefined ? {} : { explicitHashKey })
        })
      }
      const taken = deaggregate(new Uint8Array(aggregator.build().data))
      assert.strictEqual(taken._tag, "Aggregate")
      if (taken._tag === "Aggregate") assert.deepStrictEqual(taken.records.map(plain), subs.map(plain))
    }))
  })

  it("packs what it takes apart, checksum verified", () => {
    fc.assert(fc.property(records, (subs) => {
      let seen: ReadonlyArray<PeerRecord> = []
      peer.deaggregateSync({ data: Buffer.from(aggregate(subs)).toString("base64") }, true, (error, found) => {
        assert.isNotOk(error)
        seen = found
      })
      assert.deepStrictEqual(
        seen.map((record) => [
          record.partitionKey,
          record.explicitPartitionKey,
          [...Buffer.from(record.data, "base64")]
        ]),
        subs.map(plain)
      )
    }))
  })
})
