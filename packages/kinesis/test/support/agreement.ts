import { assert } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { bySdk, cut, received } from "./received.js"

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
  const answer = await received(protocol, cut(bytes, places))
  const decoded = answer.page("orders", shardId)
  const expected = await bySdk(answer, shardId)
  if (decoded !== undefined) assert.deepStrictEqual(decoded, expected)
  return decoded !== undefined
}
