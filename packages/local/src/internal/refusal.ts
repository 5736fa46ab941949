/** Why the service does not do what it was asked, before it becomes a typed error. */
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

/** A value as a message shows it. Takes anything, and never throws. */
export const shown = (value: unknown): string => {
  try {
    return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value)
  } catch {
    return "a value that cannot be printed"
  }
}

export const notInRange = (field: string, range: string, was: unknown): Refusal =>
  invalid(field, `must be ${range}, was ${shown(was)}`)

/** A place in the account, as the service's texts name it. */
export interface Place {
  readonly accountId: string
  readonly stream: string
  /** Absent when the whole stream is meant. */
  readonly shardId: string | undefined
}

export const place = ({ accountId, shardId, stream }: Place): string =>
  `${shardId === undefined ? "" : `shard ${shardId} in `}stream ${stream} under account ${accountId}`

export const streamNotFound = (stream: string, accountId: string): Refusal => ({
  refused: "ResourceNotFound",
  description: `Stream ${stream} under account ${accountId} not found.`
})

export const shardNotFound = (at: Place): Refusal => ({
  refused: "ResourceNotFound",
  description: `Could not find ${place(at)}.`
})

export const rateExceeded = (at: Place): Refusal => ({
  refused: "throughput",
  description: `Rate exceeded for ${place(at)}.`
})
