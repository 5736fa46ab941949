import type { AttributeValue } from "@aws-sdk/client-dynamodb"
import type { Lease, NewLease } from "effect-kinesis/LeaseStore"
import * as LeaseTransition from "effect-kinesis/LeaseTransition"
import type { Position } from "effect-kinesis/Position"
import * as Positions from "effect-kinesis/Position"

/** A row of the table: attributes by name. */
export type Row = Readonly<Record<string, AttributeValue>>

/** The content of a row. */
export type Reading =
  | { readonly _tag: "Lease"; readonly lease: Lease }
  /** Another of KCL's entities: worker metrics, the leader's lock, the state of a migration, a stream. */
  | { readonly _tag: "Other" }
  | { readonly _tag: "Unreadable"; readonly leaseKey: string; readonly description: string }

/**
 * A non-empty string. NULL, which scripts write for Python's None, an empty string and any other type are treated like a missing attribute;
 * `LeaseUpdates` accepts the same in a condition.
 */
const text = (row: Row, name: string): string | undefined => row[name]?.S || undefined

const number = (row: Row, name: string): number | undefined => {
  const written = row[name]?.N
  const value = written === undefined ? Number.NaN : Number(written)
  return Number.isFinite(value) ? value : undefined
}

/** A set of strings; a list or a single string is accepted, too. */
const texts = (row: Row, name: string): ReadonlyArray<string> => {
  const { L = [], S, SS } = row[name] ?? {}
  return SS ??
    [...L.map((member) => member.S), S].filter((member) => member !== undefined && member !== "") as Array<string>
}

/** Why a required attribute cannot be read. */
const missing = (row: Row, name: string): string => {
  const written = row[name]
  if (written === undefined || written.NULL === true || written.S === "") return `it has no ${name}`
  return `its ${name} is ${JSON.stringify(written).slice(0, 100)}`
}

const isSequenceNumber = (value: string): boolean => /^\d+$/.test(value)

const unreadable = Symbol()

/**
 * KCL stores no timestamp, and fails on AT_TIMESTAMP unless it is configured with one. So a timestamp that stands for a keyword is stored
 * as that keyword, and beside it in attributes of our own, which name the keyword. AT_TIMESTAMP alone means that the application says where
 * to begin.
 */
const toCheckpoint = (row: Row): Position | undefined | typeof unreadable => {
  const written = text(row, "checkpoint")
  const timestamp = number(row, "startTimestamp")
  const standsFor = timestamp === undefined ? undefined : text(row, "startStandsFor")
  switch (written) {
    case "TRIM_HORIZON":
      return standsFor === written ? instant(timestamp!, "TrimHorizon") : Positions.trimHorizon
    case "LATEST":
      return standsFor === written ? instant(timestamp!, "Latest") : Positions.latest
    case "SHARD_END":
      return Positions.shardEnd
    case "AT_TIMESTAMP":
      return timestamp === undefined ? undefined : instant(timestamp)
    default:
      return written !== undefined && isSequenceNumber(written)
        ? Positions.after({
          sequenceNumber: written,
          subSequenceNumber: number(row, "checkpointSubSequenceNumber") ?? 0
        })
        : unreadable
  }
}

const instant = (timestamp: number, standsFor?: "Latest" | "TrimHorizon"): Position => ({
  _tag: "AtTimestamp",
  timestamp,
  ...(standsFor === undefined ? {} : { standsFor })
})

const shardIdOf = (leaseKey: string): string => leaseKey.slice(leaseKey.lastIndexOf(":") + 1)

/** Reads a row of KCL's table, of any of its versions. */
export const read = (row: Row): Reading => {
  if ((text(row, "entityType") ?? "LEASE") !== "LEASE") return { _tag: "Other" }
  const leaseKey = text(row, "leaseKey") ?? ""
  const leaseCounter = number(row, "leaseCounter")
  const checkpoint = toCheckpoint(row)
  if (leaseCounter === undefined || !Number.isSafeInteger(leaseCounter)) {
    return { _tag: "Unreadable", leaseKey, description: missing(row, "leaseCounter") }
  }
  if (checkpoint === unreadable) return { _tag: "Unreadable", leaseKey, description: missing(row, "checkpoint") }
  const startingHashKey = text(row, "startingHashKey")
  const endingHashKey = text(row, "endingHashKey")
  return {
    _tag: "Lease",
    lease: {
      leaseKey,
      shardId: text(row, "shardId") ?? shardIdOf(leaseKey),
      streamIdentifier: text(row, "streamName"),
      leaseOwner: text(row, "leaseOwner"),
      leaseCounter,
      checkpoint,
      ownerSwitchesSinceCheckpoint: number(row, "ownerSwitchesSinceCheckpoint") ?? 0,
      checkpointOwner: text(row, "checkpointOwner"),
      parentShardIds: texts(row, "parentShardId"),
      childShardIds: texts(row, "childShardIds"),
      hashKeyRange: startingHashKey === undefined || endingHashKey === undefined
        ? undefined
        : { startingHashKey, endingHashKey },
      throughputKBps: number(row, "throughputKBps")
    }
  }
}

/** Why a position cannot be stored; undefined when it can. */
export const refusal = (checkpoint: Position | undefined): string | undefined => {
  switch (checkpoint?._tag) {
    case "AtSequenceNumber":
      return "cannot be stored: the table holds what was handled, so a position is after a record"
    case "AfterSequenceNumber":
      return isSequenceNumber(checkpoint.sequenceNumber)
        ? undefined
        : `must be a sequence number, was ${checkpoint.sequenceNumber}`
    default:
      return undefined
  }
}

const sentinels = {
  TrimHorizon: "TRIM_HORIZON",
  Latest: "LATEST",
  AtTimestamp: "AT_TIMESTAMP",
  ShardEnd: "SHARD_END"
} as const

const wordOf = (checkpoint: Position | undefined): string =>
  checkpoint === undefined
    ? sentinels.AtTimestamp
    : "sequenceNumber" in checkpoint
    ? checkpoint.sequenceNumber
    : sentinels[checkpoint._tag === "AtTimestamp" ? checkpoint.standsFor ?? "AtTimestamp" : checkpoint._tag]

/** The attributes of a checkpoint: undefined for those that must be absent. `startTimestamp` and `startStandsFor` are ours. */
const checkpointAttributes = (checkpoint: Position | undefined): Attributes => {
  const checkpointed = wordOf(checkpoint)
  const subSequenceNumber = checkpoint?._tag === "AfterSequenceNumber" ? checkpoint.subSequenceNumber ?? 0 : 0
  const start = checkpoint?._tag === "AtTimestamp" ? checkpoint : undefined
  return {
    checkpoint: { S: checkpointed },
    checkpointSubSequenceNumber: { N: String(subSequenceNumber) },
    startTimestamp: start && { N: String(start.timestamp) },
    startStandsFor: start?.standsFor && { S: checkpointed }
  }
}

/** Attributes by name: undefined for those that must be absent. */
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>

const string = (value: string | undefined): AttributeValue | undefined => value === undefined ? undefined : { S: value }

const whole = (value: number): AttributeValue => ({ N: String(value) })

/** A string set; DynamoDB stores no empty ones. */
const set = (members: ReadonlyArray<string>): AttributeValue | undefined =>
  members.length === 0 ? undefined : { SS: [...new Set(members)] }

/** How each field of a lease is stored. */
export const attributesOf = {
  leaseKey: ({ leaseKey }) => ({ leaseKey: string(leaseKey) }),
  shardId: ({ leaseKey, shardId, streamIdentifier }) =>
    streamIdentifier === undefined && shardIdOf(leaseKey) === shardId ? {} : { shardId: string(shardId) },
  streamIdentifier: ({ streamIdentifier }) => ({ streamName: string(streamIdentifier) }),
  leaseOwner: ({ leaseOwner }) => ({ leaseOwner: string(leaseOwner) }),
  leaseCounter: ({ leaseCounter }) => ({ leaseCounter: whole(leaseCounter) }),
  checkpoint: ({ checkpoint }) => checkpointAttributes(checkpoint),
  ownerSwitchesSinceCheckpoint: (lease) => ({
    ownerSwitchesSinceCheckpoint: whole(lease.ownerSwitchesSinceCheckpoint)
  }),
  checkpointOwner: ({ checkpointOwner }) => ({ checkpointOwner: string(checkpointOwner) }),
  parentShardIds: ({ parentShardIds }) => ({ parentShardId: set(parentShardIds) }),
  childShardIds: ({ childShardIds }: Pick<Lease, "childShardIds">) => ({ childShardIds: set(childShardIds) }),
  hashKeyRange: ({ hashKeyRange }: Pick<Lease, "hashKeyRange">) => ({
    startingHashKey: string(hashKeyRange?.startingHashKey),
    endingHashKey: string(hashKeyRange?.endingHashKey)
  }),
  throughputKBps: ({ throughputKBps }) => ({
    throughputKBps: throughputKBps === undefined || !Number.isFinite(throughputKBps) ? undefined : whole(throughputKBps)
  })
} satisfies { readonly [Field in keyof Lease]: (lease: Lease) => Attributes }

/** The fields that identify a lease, and never change. */
const identity: ReadonlyArray<keyof Lease> = ["leaseKey", "shardId", "streamIdentifier"]

const fields = Object.keys(attributesOf) as ReadonlyArray<keyof Lease>

/** The fields of a lease that may change. */
export const changeable: ReadonlyArray<keyof Lease> = fields.filter((field) => !identity.includes(field))

/** The attributes of these fields. */
export const write = (lease: Lease, of: ReadonlyArray<keyof Lease>): Attributes =>
  Object.assign({}, ...of.map((field) => attributesOf[field](lease)))

const there = (attributes: Attributes): Record<string, AttributeValue> =>
  Object.fromEntries(
    Object.entries(attributes).filter((entry): entry is [string, AttributeValue] => entry[1] !== undefined)
  )

/** The whole row of a new lease. */
export const create = (lease: NewLease): Record<string, AttributeValue> =>
  there({ entityType: { S: "LEASE" }, ...write(LeaseTransition.unowned(lease), fields) })
