import type { Lease } from "effect-kinesis/LeaseStore"
import * as Effect from "effect/Effect"
import type { Calls } from "./calls.js"
import type { Row } from "./leaseRow.js"
import * as LeaseRow from "./leaseRow.js"

export interface Settings {
  readonly consistentReads: boolean
  /** The maximum number of rows of a page of a listing; undefined for as many as DynamoDB sends. */
  readonly pageSize: number | undefined
  /** Whether the index of owners can be queried. */
  readonly isIndexed: Effect.Effect<boolean>
  /** Called with all rows of each listing, including those that are not leases. */
  readonly onListing: (rows: ReadonlyArray<Row>) => Effect.Effect<void>
}

/** The opened table of an application. */
export interface State {
  readonly calls: Calls
  readonly settings: Settings
  /** The keys of the unreadable rows that have already been logged. */
  readonly reported: Set<string>
}

export const keyOf = (leaseKey: string) => ({ leaseKey: { S: leaseKey } })

/** Rows that are not leases are skipped: one that cannot be read must not keep the others from being processed. */
export const toLease = ({ calls, reported }: State, row: Row): Effect.Effect<Lease | undefined> => {
  const reading = LeaseRow.read(row)
  if (reading._tag === "Lease") return Effect.succeed(reading.lease)
  if (reading._tag === "Other" || reported.has(reading.leaseKey)) return Effect.succeed(undefined)
  reported.add(reading.leaseKey)
  return Effect.as(
    Effect.logWarning(
      `The row ${reading.leaseKey} of the table ${calls.table} is left out, since ${reading.description}. It is not reported again.`
    ),
    undefined
  )
}

export const toLeases = (self: State, rows: ReadonlyArray<Row>): Effect.Effect<ReadonlyArray<Lease>> =>
  Effect.map(
    Effect.forEach(rows, (row) => toLease(self, row)),
    (leases) => leases.filter((lease) => lease !== undefined)
  )
