import * as Effect from "effect/Effect"
import type { DecodingOptions, Options, ShardContext } from "../../Consumer.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import * as LeaseStore from "../../LeaseStore.js"
import type { DecodedPage, Page } from "../../Page.js"
import { type Attributes, errorType, system } from "../wire/spans.js"

const ofGroup = (application: string): Attributes => ({ "messaging.consumer.group.name": application })

const withErrorType = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.tapError(effect, (error) => Effect.annotateCurrentSpan(errorType(error)))

/** A trace of its own for what is handled: a worker's would never end. */
const handling = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  application: string,
  { shardId, stream }: ShardContext,
  ofGiven: Attributes
): Effect.Effect<A, E, R> => {
  const attributes = {
    ...system,
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    "messaging.destination.name": stream,
    "messaging.destination.partition.id": shardId,
    ...ofGroup(application),
    ...ofGiven
  }
  return withErrorType(effect).pipe(
    Effect.withSpan(`process ${stream}`, { kind: "consumer", root: true, captureStackTrace: false, attributes })
  )
}

type Placed = Partial<Pick<KinesisRecord, "data" | "sequenceNumber" | "subSequenceNumber">>

/** A record, a decoded value, which has its record's place, or an Either of that. */
const ofValue = (given: Placed & { readonly left?: Placed; readonly right?: Placed }): Attributes => {
  const { data, sequenceNumber, subSequenceNumber } = given?.right ?? given?.left ?? given ?? {}
  const id = subSequenceNumber === undefined ? sequenceNumber : `${sequenceNumber}/${subSequenceNumber}`
  return {
    ...sequenceNumber !== undefined && { "messaging.message.id": id },
    ...data instanceof Uint8Array && { "messaging.message.body.size": data.byteLength }
  }
}

const ofPage = (page: Page | DecodedPage<unknown>): Attributes => ({
  "messaging.batch.message_count": "values" in page ? page.values.length : page.records.length
})

type Handler<Given, E, R> = (given: Given, shard: ShardContext) => Effect.Effect<unknown, E, R>

/** What is no Effect is told of by whoever runs it. */
const spanned = <Given, E, R>(
  handler: Handler<Given, E, R>,
  application: string,
  describe: (given: Given) => Attributes
): Handler<Given, E, R> =>
(given, shard) => {
  const effect = handler(given, shard)
  return Effect.isEffect(effect) ? handling(effect, application, shard, describe(given)) : effect
}

/** The same options, with a span for each call of the handler. */
export const ofHandlers = <A, E, R, O extends Options<E, R> | DecodingOptions<A, E, R>>(
  options: O
): O => {
  const { application } = options
  const { handler, pageHandler }: {
    readonly handler?: Handler<never, E, R> | undefined
    readonly pageHandler?: Handler<never, E, R> | undefined
  } = options
  return {
    ...options,
    ...handler !== undefined && { handler: spanned(handler, application, ofValue) },
    ...pageHandler !== undefined && { pageHandler: spanned(pageHandler, application, ofPage) }
  }
}

/** The same leases, with a span for each call. */
export const ofLeases = (leases: LeaseStore.Leases, application: string, worker: string): LeaseStore.Leases =>
  LeaseStore.mapCalls(leases, ({ leaseKey, operation, shardId }, call) => {
    const attributes = {
      ...ofGroup(application),
      "messaging.client.id": worker,
      ...leaseKey !== undefined && { "aws.kinesis.lease_key": leaseKey },
      ...shardId !== undefined && { "messaging.destination.partition.id": shardId }
    }
    return withErrorType(call).pipe(
      Effect.withSpan(`LeaseStore.${operation}`, { kind: "client", captureStackTrace: false, attributes })
    )
  })
