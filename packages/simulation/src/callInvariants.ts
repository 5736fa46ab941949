import { type Facts, since, type Violation, violation } from "./facts.js"
import { grouped } from "./grouped.js"
import type { ReadCall } from "./history.js"

/** The reads of each shard. */
const readsOf = (facts: Facts): ReadonlyArray<ReadonlyArray<ReadCall>> => [
  ...grouped(facts.calls.filter(({ operation }) => operation === "getRecords"), ({ shardId }) => shardId).values()
]

const readsPerSecond = 5

/** A shard was read more than 5 times in a second, refused calls and those of earlier runs included. */
export const tooManyReads = (facts: Facts): ReadonlyArray<Violation> =>
  readsOf(facts).flatMap((calls) => {
    const index = calls.findIndex(({ at }, index) => {
      const sixthLast = calls[index - readsPerSecond]
      return sixthLast !== undefined && sixthLast.at > at - 1000
    })
    return index < 0 ? [] : [
      violation(
        "too many reads",
        `${calls[index]!.shardId}: 6 reads in the second to ${since(facts, calls[index]!.at)}`
      )
    ]
  })

export const spacing = (facts: Facts): ReadonlyArray<Violation> =>
  readsOf(facts).flatMap((calls) => {
    const index = calls.findIndex(({ at, run }, index) => {
      const before = calls[index - 1]
      return before !== undefined && before.run === run && at - before.at < facts.scenario.pollMillis
    })
    return index < 0 ? [] : [
      violation(
        "spacing",
        `${calls[index]!.shardId}: read ${calls[index]!.at - calls[index - 1]!.at} ms after the read before, at ${
          since(facts, calls[index]!.at)
        }`
      )
    ]
  })

export const strayCalls = (facts: Facts): ReadonlyArray<Violation> =>
  facts.calls
    .filter(({ run }) => run === undefined)
    .map(({ at, operation }) =>
      violation("stray call", `${operation} at ${since(facts, at)}, when no run was under way`)
    )

/** A further page of a listing is requested by its token alone. */
export const listing = (facts: Facts): ReadonlyArray<Violation> =>
  facts.calls
    .filter(({ fields, operation }) => operation === "listShards" && fields.includes("nextToken") && fields.length > 1)
    .map(({ at, fields }) =>
      violation("listing", `a further page was requested by ${fields.join(", ")} at ${since(facts, at)}`)
    )
