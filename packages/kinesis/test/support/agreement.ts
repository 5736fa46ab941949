import { assert } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import type { KinesisRecord } from "effect-kinesis/KinesisRecord"
import * as RecordsSummary from "../../src/internal/record/recordsSummary.js"
import { byOurs, bySdk, cut } from "./received.js"

/** Where an answer may be cut. */
export const anyPlaces = fc.array(fc.nat(5_000), { maxLength: 6 })

const shardId = "shardId-000000000000"

/**
 * Whether our decoder takes an answer. Its value must be the SDK's; where it takes none, the SDK's decoder is asked, so that either's error
 * is the SDK's.
 */
export const agrees = async (
  protocol: "json" | "cbor",
  bytes: Uint8Array,
  places: ReadonlyArray<number>
): Promise<boolean> => {
  const pieces = cut(bytes, places)
  const decoded = await byOurs(protocol, pieces, shardId)
  const expected = await bySdk(protocol, pieces, shardId)
  if (decoded !== undefined && expected !== undefined) {
    const sum = (records: ReadonlyArray<KinesisRecord>) => ({ ...RecordsSummary.of(records) })
    assert.deepStrictEqual(sum(decoded.records), sum([...expected.records]), "noted while decoding")
  }
  if (decoded !== undefined) assert.deepStrictEqual(decoded, expected)
  return decoded !== undefined
}
