import type { KinesisError } from "effect-kinesis/KinesisError"
import { ResourceInUse } from "effect-kinesis/KinesisError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Calls } from "./calls.js"
import type { Leader } from "./leaderRow.js"
import * as LeaderRow from "./leaderRow.js"

/** Where KCL 3 may keep its leader: in the lease table since 3.5, before that in a table of its own. */
interface Place {
  readonly calls: Calls
  readonly key: Readonly<Record<string, string>>
}

export const inLeaseTable = (calls: Calls): Place => ({ calls, key: { leaseKey: "Leader" } })

export const inCoordinatorState = (calls: Calls): Place => ({ calls, key: { key: "Leader" } })

/**
 * Fails when a leader of KCL 3 is at work: when its row changes while it is watched, for as long as KCL itself would before it took the
 * leader for dead. A row that stands still that long is marked as given back, as a leader that stops does it, so that nobody has to watch
 * it again.
 */
export const refuse = (application: string, places: ReadonlyArray<Place>): Effect.Effect<void, KinesisError> =>
  Effect.forEach(places, (place) => refuseAt(application, place), { concurrency: "unbounded", discard: true })

const refuseAt = Effect.fnUntraced(function*(application: string, place: Place) {
  const look = lookAt(place)
  const first = yield* look
  if (first === undefined || first.isReleased) return
  const { everyMillis, looks } = LeaderRow.watch(first)
  yield* Effect.logInfo(
    `The table ${place.calls.table} names ${first.owner} as the leader of the Kinesis Client Library on ${application}; ` +
      `watching for up to ${Duration.format(first.leaseMillis)} whether it is at work.`
  )
  for (let left = looks; left > 0; left--) {
    yield* Effect.sleep(everyMillis)
    const now = yield* look
    const verdict = LeaderRow.judge(first, now)
    if (verdict === "live") return yield* live(application, place, now!.owner)
    if (verdict === "gone") return
  }
  yield* giveBack(application, place, first)
})

const lookAt = ({ calls, key }: Place): Effect.Effect<Leader | undefined, KinesisError> =>
  Effect.map(calls.getItem(key), LeaderRow.read).pipe(
    Effect.catchTags({
      // There is no such table, or it is no table of KCL's.
      ResourceNotFound: () => Effect.succeed(undefined),
      InvalidArgument: () => Effect.succeed(undefined),
      AccessDenied: (error) =>
        Effect.as(
          Effect.logWarning(
            `Whether a leader of the Kinesis Client Library is at work cannot be seen in the table ${calls.table}: ${error.message}`
          ),
          undefined
        )
    })
  )

const giveBack = (application: string, place: Place, { version }: Leader): Effect.Effect<void, KinesisError> =>
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
      AccessDenied: (error) =>
        Effect.logWarning(
          `The leader's row in the table ${place.calls.table} stands still but cannot be marked as given back, so it is watched at ` +
            `every start: ${error.message}`
        )
    }),
    Effect.asVoid
  )

const live = (application: string, { calls }: Place, owner: string) =>
  Effect.fail(
    new ResourceInUse({
      operation: "DynamoDbLeaseStore.open",
      description:
        `${owner} leads workers of the Kinesis Client Library on ${application}: its row in the table ${calls.table} ` +
        "changes. Stop them first, or set withLiveKcl to \"allow\" to work beside them"
    })
  )
