import type { AttributeValue } from "@aws-sdk/client-dynamodb"
import type { Lease, Leases } from "effect-kinesis/LeaseStore"
import * as LeaseRow from "./leaseRow.js"

/** An update of one row under a condition, as DynamoDB's API has it. */
export interface Update {
  readonly UpdateExpression: string
  readonly ConditionExpression: string
  readonly ExpressionAttributeNames: Record<string, string>
  readonly ExpressionAttributeValues: Record<string, AttributeValue> | undefined
}

/**
 * All attributes are named by placeholders, since a name could be one of DynamoDB's reserved words. An attribute that was read as missing
 * may exist with an equivalent value: NULL, an empty string, or anything but a string.
 */
const make = (changes: LeaseRow.Attributes, conditions: LeaseRow.Attributes): Update => {
  const values: Record<string, AttributeValue> = {}
  const names: Record<string, string> = {}
  const named = (name: string): string => {
    names[`#${name}`] = name
    return `#${name}`
  }
  const valued = (prefix: string, name: string, value: AttributeValue): string => {
    values[`:${prefix}_${name}`] = value
    return `:${prefix}_${name}`
  }
  const sets: Array<string> = []
  const removals: Array<string> = []
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) removals.push(named(name))
    else sets.push(`${named(name)} = ${valued("to", name, value)}`)
  }
  const missing = (name: string): string => {
    values[":string"] = { S: "S" }
    values[":empty"] = { S: "" }
    return `(attribute_not_exists(${name}) OR NOT attribute_type(${name}, :string) OR ${name} = :empty)`
  }
  const terms = Object.entries(conditions).map(([name, value]) =>
    value === undefined ? missing(named(name)) : `${named(name)} = ${valued("is", name, value)}`
  )
  return {
    UpdateExpression: [
      ...(sets.length === 0 ? [] : [`SET ${sets.join(", ")}`]),
      ...(removals.length === 0 ? [] : [`REMOVE ${removals.join(", ")}`])
    ].join(" "),
    ConditionExpression: [`attribute_exists(${named("leaseKey")})`, ...terms].join(" AND "),
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: Object.keys(values).length === 0 ? undefined : values
  }
}

/** The operations that change an existing row and are made by, or create, an owner. */
export type Operation = Extract<
  keyof Leases,
  "claim" | "requestHandoff" | "withdrawHandoff" | "renew" | "checkpoint" | "finish" | "release" | "reset"
>

const owners = ["leaseOwner", "checkpointOwner"] as const

/** The attributes of KCL's two-phase checkpoints, which the next plain checkpoint clears. */
const pending = {
  pendingCheckpoint: undefined,
  pendingCheckpointSubSequenceNumber: undefined,
  pendingCheckpointState: undefined
}

const changesOf = (operation: Operation, seen: Lease, next: Lease): LeaseRow.Attributes => {
  switch (operation) {
    case "claim":
    case "release":
      return LeaseRow.write(next, ["leaseCounter", "leaseOwner", "checkpointOwner", "ownerSwitchesSinceCheckpoint"])
    case "requestHandoff":
    case "withdrawHandoff":
      return LeaseRow.write(next, owners)
    case "renew": {
      const { leaseCounter, throughputKBps } = LeaseRow.write(next, ["leaseCounter", "throughputKBps"])
      return throughputKBps === undefined ? { leaseCounter } : { leaseCounter, throughputKBps }
    }
    case "checkpoint":
    case "finish":
      return {
        ...LeaseRow.write(next, ["leaseCounter", "ownerSwitchesSinceCheckpoint"]),
        ...(next.checkpoint === seen.checkpoint ? {} : { ...LeaseRow.write(next, ["checkpoint"]), ...pending }),
        ...(next.childShardIds === seen.childShardIds ? {} : LeaseRow.write(next, ["childShardIds"]))
      }
    case "reset":
      return { ...LeaseRow.write(next, LeaseRow.changeable), ...pending }
  }
}

/**
 * The update that turns the row as it was seen, and no other, into `next`; a hand-off is requested from the owner, and withdrawn, at any
 * counter. Attributes that the operation does not concern are not changed.
 */
export const change = (operation: Operation, seen: Lease, next: Lease): Update => {
  const isOfAnyCounter = operation === "requestHandoff" || operation === "withdrawHandoff"
  return make(
    changesOf(operation, seen, next),
    LeaseRow.write(seen, isOfAnyCounter ? owners : ["leaseCounter", ...owners])
  )
}

/** The update that adds what is known about a shard; undefined if nothing is. */
export const annotate = (
  known: Partial<Pick<Lease, "childShardIds" | "hashKeyRange">>
): Update | undefined => {
  const { childShardIds, hashKeyRange } = known
  const changes: LeaseRow.Attributes = {
    ...(childShardIds === undefined ? {} : LeaseRow.attributesOf.childShardIds({ childShardIds })),
    ...(hashKeyRange === undefined ? {} : LeaseRow.attributesOf.hashKeyRange({ hashKeyRange }))
  }
  return Object.keys(changes).length === 0 ? undefined : make(changes, {})
}
