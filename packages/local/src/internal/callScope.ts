import type * as Api from "effect-kinesis/KinesisApi"
import type { Operation } from "../LocalKinesis.js"
import * as Consumers from "./consumers.js"
import * as ListShards from "./listShards.js"
import * as Lookup from "./lookup.js"
import type { Account } from "./model.js"
import * as PutRecords from "./putRecords.js"
import { isRefusal } from "./refusal.js"

/** What a call concerns. */
export interface CallScope {
  readonly operation: Operation
  /** The stream's name. */
  readonly stream: string | undefined
  /** As given in the request. */
  readonly shardId: string | undefined
  /** The consumer's name. */
  readonly consumer: string | undefined
  readonly touches: (shardId: string) => boolean
  /** Whether such an entry is written, to this shard or to any. */
  readonly writes: (entries: Entries, shardId: string | undefined) => boolean
}

/** A choice of the entries of PutRecords. */
export type Entries = (entry: Api.PutRecordsEntry, index: number) => boolean

/** Which calls are meant: those of these operations, a stream or a consumer by name, a shard, with such an entry; an absent field matches all. */
export interface Target {
  readonly operations: ReadonlyArray<Operation> | undefined
  readonly stream: string | undefined
  readonly shardId: string | undefined
  readonly consumer: string | undefined
  readonly entries: Entries | undefined
}

/** Whether the call is one of those. */
export const isMet = ({ consumer, entries, operations, shardId, stream }: Target, scope: CallScope): boolean =>
  (operations === undefined || operations.includes(scope.operation)) &&
  (stream === undefined || stream === scope.stream) &&
  (shardId === undefined || scope.touches(shardId)) &&
  (consumer === undefined || consumer === scope.consumer) &&
  (entries === undefined || scope.writes(entries, shardId))

/** The fields that identify what a request concerns. */
interface Fields {
  readonly stream?: string | undefined
  readonly streamArn?: string | undefined
  readonly consumerArn?: string | undefined
  readonly consumerName?: string | undefined
  readonly shardId?: string | undefined
  readonly shardToSplit?: string | undefined
  readonly shardToMerge?: string | undefined
  readonly adjacentShardToMerge?: string | undefined
  readonly records?: ReadonlyArray<Api.PutRecordsEntry> | undefined
}

/** As given in the request: a name or an ARN. */
export const streamOf = (request: object): string | undefined => {
  const { stream, streamArn }: Fields = request
  return stream ?? streamArn
}

/** The operation that a refusal belongs to: a dry run fails like the call that it tries. */
export const operationOf = (operation: Operation, request: object): Operation =>
  operation === "dryRun" ? (request as Api.DryRunRequest).operation : operation

const entriesOf = (operation: Operation, request: Fields): ReadonlyArray<Api.PutRecordsEntry> =>
  operation === "putRecord" ? [request as Api.PutRecordRequest] : request.records ?? []

/** What a call concerns: the stream's name, even for an ARN or a token, and the shards that its records go to. */
export const of = (
  account: Account,
  operation: Operation,
  anyRequest: object,
  now: number
): CallScope => {
  const request: Fields = anyRequest
  const consumer = Consumers.parseArn(request.consumerArn)
  const stream = operation === "listShards"
    ? ListShards.streamOf(account, request as Api.ListShardsRequest)
    : Lookup.nameOf(account, consumer?.streamArn ?? streamOf(request))
  const shardId = request.shardId ?? request.shardToSplit ?? request.shardToMerge
  const writes = (chosen: Entries, id: string | undefined): boolean => {
    const entries = entriesOf(operation, request).filter(chosen)
    if (id === undefined || entries.length === 0 || stream === undefined) return entries.length > 0
    const found = Lookup.findServing(account, stream, now)
    return !isRefusal(found) && entries.some((entry) => PutRecords.route(found, entry).id === id)
  }
  return {
    operation,
    stream,
    shardId,
    consumer: consumer?.name ?? request.consumerName,
    touches: (id) => id === shardId || id === request.adjacentShardToMerge || writes(() => true, id),
    writes
  }
}
