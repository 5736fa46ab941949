/** Why the service refuses a request, before this becomes a typed error. */
export interface Refusal {
  readonly refused:
    | "throughput"
    | "limit"
    | "ExpiredIterator"
    | "ExpiredListToken"
    | "InvalidArgument"
    | "ResourceInUse"
    | "ResourceNotFound"
  readonly description: string
  readonly field?: string | undefined
}

export const isRefusal = (value: unknown): value is Refusal =>
  typeof value === "object" && value !== null && "refused" in value

export const invalid = (field: string, description: string): Refusal => ({
  refused: "InvalidArgument",
  field,
  description
})

/** A value as shown in a message. Accepts anything, and never throws. */
export const shown = (value: unknown): string => {
  try {
    return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value)
  } catch {
    return "a value that cannot be printed"
  }
}

export const notInRange = (field: string, range: string, was: unknown): Refusal =>
  invalid(field, `must be ${range}, was ${shown(was)}`)

/** Whether a page may have this many entries. */
export const refuseCount = (field: string, value: number | undefined): Refusal | undefined =>
  value === undefined || (Number.isSafeInteger(value) && value >= 1 && value <= 10_000)
    ? undefined
    : notInRange(field, "1 to 10,000", value)

/** A stream or a shard of the account, as the service's messages name it. */
export interface Resource {
  readonly accountId: string
  readonly stream: string
  /** Absent for the whole stream. */
  readonly shardId: string | undefined
}

export const resourceName = ({ accountId, shardId, stream }: Resource): string =>
  `${shardId === undefined ? "" : `shard ${shardId} in `}stream ${stream} under account ${accountId}`

export const streamNotFound = (stream: string, accountId: string): Refusal => ({
  refused: "ResourceNotFound",
  description: `Stream ${stream} under account ${accountId} not found.`
})

export const shardNotFound = (resource: Resource): Refusal => ({
  refused: "ResourceNotFound",
  description: `Could not find ${resourceName(resource)}.`
})

export const rateExceeded = (resource: Resource): Refusal => ({
  refused: "throughput",
  description: `Rate exceeded for ${resourceName(resource)}.`
})
