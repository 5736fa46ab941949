import { LeaseStoreError } from "effect-kinesis/LeaseStoreError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Calls } from "./calls.js"
import * as Guide from "./guide.js"
import type { Leader } from "./leaderRow.js"
import * as LeaderRow from "./leaderRow.js"
import type { Row } from "./leaseRow.js"

type PlaceCalls = Pick<Calls, "table" | "getItem" | "updateItem">

/** Where KCL 3 may store its leader: in the lease table since 3.5, before that in a table of its own. */
interface Place {
  readonly calls: PlaceCalls
  readonly key: Readonly<Record<string, string>>
}

export const inLeaseTable = (calls: PlaceCalls): Place => ({ calls, key: { leaseKey: LeaderRow.leaseKey } })

export const inCoordinatorState = (calls: PlaceCalls): Place => ({ calls, key: { key: "Leader" } })

/**
 * Fails if a leader of KCL 3 is active, that is, if its row changes while it is watched, for as long as KCL itself would wait before
 * considering the leader dead. A row that stays unchanged that long is marked as released, as a leader does when it stops, so that nobody
 * has to watch it again.
 */
export const refuse = (application: string, places: ReadonlyArray<Place>): Effect.Effect<void, LeaseStoreError> =>
  Effect.forEach(places, (place) => refuseAt(application, place), { concurrency: "unbounded", discard: true })

const refuseAt = Effect.fnUntraced(function*(application: string, place: Place) {
  const look = lookAt(place)
  const first = yield* look
  if (first === undefined || first.isReleased) return
  const watch = LeaderRow.watch(first)
  yield* Effect.logWarning(
    `The table ${place.calls.table} names ${first.owner} as the leader of the Kinesis Client Library on ${application}, and does not ` +
      `say that it has stopped. Waiting up to ${
        Duration.format(first.leaseMillis)
      } to see whether it is at work. If you know that it is ` +
      "not, withLiveKcl: \"allow\" skips that."
  )
  for (let looked = 1; looked <= watch.looks; looked++) {
    yield* Effect.sleep(watch.everyMillis)
    const now = yield* look
    const verdict = LeaderRow.judge(first, now)
    if (verdict === "live") return yield* live(application, place, now!.owner)
    if (verdict === "gone") return
    const left = LeaderRow.leftToTell(watch, looked)
    if (left !== undefined) {
      yield* Effect.logInfo(
        `Still waiting to see whether ${first.owner} is at work on ${application}: ${Duration.format(left)} left.`
      )
    }
  }
  yield* giveBack(application, place, first)
})

const lookAt = ({ calls, key }: Place): Effect.Effect<Leader | undefined, LeaseStoreError> =>
  Effect.map(calls.getItem(key), LeaderRow.read).pipe(
    // There is no such table, or it is not a table of KCL's.
    Effect.catchIf(({ reason }) => reason === "NotFound" || reason === "Invalid", () => Effect.succeed(undefined)),
    Effect.catchIf(isDenied, (error) =>
      Effect.as(
        Effect.logWarning(
          `Whether a leader of the Kinesis Client Library is at work cannot be seen in the table ${calls.table}: ${error.message}`
        ),
        undefined
      ))
  )

const isDenied = ({ reason }: LeaseStoreError): boolean => reason === "Denied"

const giveBack = (application: string, place: Place, { version }: Leader): Effect.Effect<void, LeaseStoreError> =>
  place.calls.updateItem({
    Key: Object.fromEntries(Object.entries(place.key).map(([name, value]) => [name, { S: value }])),
    UpdateExpression: "SET #isReleased = :yes",
    ConditionExpression: "#version = :version",
    ExpressionAttributeNames: { "#isReleased": "isReleased", "#version": "recordVersionNumber" },
    ExpressionAttributeValues: { ":yes": { S: "1" }, ":version": { S: version } }
  }).pipe(
    Effect.catchTags({
      ConditionFailed: () =>
        Effect.flatMap(
          lookAt(place),
          (now) => now === undefined || now.isReleased ? Effect.void : live(application, place, now.owner)
        ),
      LeaseStoreError: (error) =>
        isDenied(error)
          ? Effect.logWarning(
            `The leader's row in the table ${place.calls.table} stands still but cannot be marked as given back, so it is watched at ` +
              `every start: ${error.message}`
          )
          : Effect.fail(error)
    }),
    Effect.asVoid
  )

const live = (application: string, { calls }: Place, owner: string) =>
  Effect.fail(
    new LeaseStoreError({
      operation: "DynamoDbLeaseStore.open",
      reason: "InUse",
      application,
      table: calls.table,
      description:
        `${owner} leads workers of the Kinesis Client Library on ${application}: its row in the table ${calls.table} ` +
        "changes. Stop them first, or set withLiveKcl to \"allow\" to work beside them"
    })
  )

/**
 * Looks for a leader of KCL 3.5 in each listing of the lease table, and warns once about each active one, which started while our workers
 * hold the leases. The separate table of older versions is not checked.
 */
export const watchListings = (
  application: string,
  table: string
): (rows: ReadonlyArray<Row>) => Effect.Effect<void> => {
  const told = new Set<string>()
  let before: Leader | undefined
  return (rows) =>
    Effect.suspend(() => {
      const now = LeaderRow.read(rows.find(({ leaseKey }) => leaseKey?.S === LeaderRow.leaseKey))
      const isAtWork = LeaderRow.isAtWork(before, now)
      before = now
      if (!isAtWork || told.has(now.owner)) return Effect.void
      told.add(now.owner)
      return Effect.logWarning(
        `${now.owner} leads workers of the Kinesis Client Library on ${application}: its row in the table ${table} changes. They get no ` +
          `shard as long as workers of this library are alive. Stop one of the two, as ${Guide.url} says. It is not reported again.`
      )
    })
}
