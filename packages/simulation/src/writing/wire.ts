import type * as KinesisClient from "effect-kinesis/KinesisClient"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { Parcel, Request } from "./history.js"
import { idsOf } from "./records.js"
import type { Noted, World } from "./world.js"

type NotedRequest = World["notes"]["requests"][number]

const isUnknown = (tag: string): boolean =>
  tag === "RequestTimeout" || tag === "ServiceUnavailable" || tag === "interrupted"

const begin = (
  { notes }: World,
  operation: Request["operation"],
  records: ReadonlyArray<{ readonly data: Uint8Array }>
): NotedRequest => {
  const request: NotedRequest = {
    operation,
    sentAt: notes.now(),
    endedAt: Infinity,
    outcome: "pending",
    parcels: records.map(({ data }): Noted<Parcel> => ({ ids: idsOf(data), outcome: "pending", place: undefined }))
  }
  notes.requests.push(request)
  notes.write(() => `${operation} ${request.parcels.map(({ ids }) => ids.join("+")).join(" ")}`)
  return request
}

const outcomeOf = <A, E extends { readonly _tag: string }>(exit: Exit.Exit<A, E>): string =>
  Exit.isSuccess(exit)
    ? "ok"
    : Option.match(Cause.failureOption(exit.cause), {
      onNone: () => Cause.isInterruptedOnly(exit.cause) ? "interrupted" : "defect",
      onSome: ({ _tag }) => _tag
    })

/** The results of an answer. One of another length than the request's does not say which result is whose. */
type Results = ReadonlyArray<
  {
    readonly shardId?: string | undefined
    readonly sequenceNumber?: string | undefined
    readonly errorCode?: string | undefined
  }
>

const end = ({ notes }: World, request: NotedRequest, outcome: string, results: Results): void => {
  const isWhole = results.length === request.parcels.length
  request.endedAt = notes.now()
  request.outcome = outcome
  for (const [index, parcel] of request.parcels.entries()) {
    const { errorCode, sequenceNumber, shardId } = isWhole ? results[index]! : {}
    if (shardId !== undefined && sequenceNumber !== undefined) {
      parcel.outcome = "written"
      parcel.place = { shardId, sequenceNumber }
    } else parcel.outcome = errorCode === undefined && (outcome === "ok" || isUnknown(outcome)) ? "unknown" : "refused"
    if (errorCode !== undefined) notes.count(`entry: ${errorCode}`)
  }
  notes.count(`${request.operation}: ${outcome}`)
  notes.write(() => `${request.operation} ended ${outcome}: ${request.parcels.map(describe).join(" ")}`)
}

const describe = ({ ids, outcome, place }: Parcel): string =>
  `${ids.join("+")}=${outcome}${place === undefined ? "" : `@${Number(place.shardId.slice(8))}`}`

/** The client that the producer gets: what it sends, and what it is told, is noted. */
export const watch = (world: World): KinesisClient.Service => {
  const { client } = world
  const noted = <Req, A, E extends { readonly _tag: string }>(
    operation: Request["operation"],
    recordsOf: (request: Req) => ReadonlyArray<{ readonly data: Uint8Array }>,
    call: (request: Req) => Effect.Effect<A, E>,
    resultsOf: (answer: A) => Results
  ) =>
  (request: Req): Effect.Effect<A, E> =>
    Effect.suspend(() => {
      const sent = begin(world, operation, recordsOf(request))
      return Effect.onExit(Effect.zipRight(world.notes.onRequest, call(request)), (exit) =>
        Effect.sync(() => end(world, sent, outcomeOf(exit), Exit.isSuccess(exit) ? resultsOf(exit.value) : [])))
    })
  return {
    ...client,
    putRecords: noted("putRecords", ({ records }) => records, client.putRecords, ({ records }) => records),
    putRecord: noted("putRecord", (request) => [request], client.putRecord, (answer) => [answer])
  }
}
