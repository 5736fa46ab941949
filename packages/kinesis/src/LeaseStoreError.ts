/**
 * The errors of lease stores of every kind, classified by what can be done about them.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { problemOf } from "./internal/text/problems.js"
import type { KinesisError } from "./KinesisError.js"

/**
 * Why a call to a lease store failed.
 *
 * | reason | meaning | what a worker does |
 * |---|---|---|
 * | `Throttled` | refused for now: a limit was reached | retries |
 * | `Timeout` | no answer in time; whether the call took effect is unknown | retries |
 * | `Unavailable` | the store failed, or could not be reached; whether the call took effect is unknown | retries |
 * | `InUse` | the table is being created or deleted, or is being changed by someone else | retries, unless it is opening the store |
 * | `Credentials` | no credentials could be obtained | retries if there were some before, otherwise fails |
 * | `Denied` | refused: a permission is missing, or the credentials are wrong or expired | fails |
 * | `Invalid` | the call, an option or stored data is wrong, and stays wrong | fails |
 * | `NotFound` | there is no such table | fails |
 * | `Kms` | the key that the table is encrypted with cannot be used | fails |
 *
 * @since 0.1.0
 * @category schemas
 */
export const Reason = Schema.Literal(
  "Throttled",
  "Timeout",
  "Unavailable",
  "InUse",
  "Credentials",
  "Denied",
  "Invalid",
  "NotFound",
  "Kms"
)

/**
 * Why a call to a lease store failed: see the table of the schema of this name.
 *
 * @since 0.1.0
 * @category models
 */
export type Reason = Schema.Schema.Type<typeof Reason>

/**
 * The object of a failed call, as far as it is known.
 *
 * @since 0.1.0
 * @category models
 */
export interface Place {
  /** The application whose lease it is. */
  readonly application?: string | undefined
  /** The table, or whatever holds the leases. */
  readonly table?: string | undefined
  /** The key of the lease. */
  readonly leaseKey?: string | undefined
  /** The shard of the lease. */
  readonly shardId?: string | undefined
}

/**
 * A call to the lease store failed. A lease that belongs to another worker is not a failure of the store: see `LeaseLost`.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { AwsSdk, LeaseStoreError } from "effect-kinesis"
 *
 * // What a store on a database makes of the failure of a statement,
 * const ofDatabase = (leaseKey: string, update: Effect.Effect<void, Error>) =>
 *   Effect.mapError(update, (cause) =>
 *     new LeaseStoreError.LeaseStoreError({
 *       operation: "renew",
 *       reason: "Unavailable",
 *       table: "leases",
 *       leaseKey,
 *       description: cause.message,
 *       cause
 *     }))
 *
 * // and a store on a service of AWS of what its SDK has thrown.
 * const ofService = (leaseKey: string, send: () => Promise<void>) =>
 *   Effect.tryPromise({
 *     try: send,
 *     catch: (cause) =>
 *       LeaseStoreError.LeaseStoreError.fromKinesisError(
 *         AwsSdk.errorFromCause({ service: "dynamodb", operation: "UpdateItem" }, cause),
 *         { table: "leases", leaseKey }
 *       )
 *   })
 * ```
 *
 * @since 0.1.0
 * @category errors
 */
export class LeaseStoreError extends Schema.TaggedError<LeaseStoreError>("effect-kinesis/LeaseStoreError")(
  "LeaseStoreError",
  {
    /** The call that failed: the member of `Leases`, or the API's operation, such as `UpdateItem`. */
    operation: Schema.String,
    /** What can be done about it: see {@link Reason}. */
    reason: Reason,
    /** The application whose lease it is. */
    application: Schema.optional(Schema.String),
    /** The table, or whatever holds the leases. */
    table: Schema.optional(Schema.String),
    /** The lease that the call was on, if any. */
    leaseKey: Schema.optional(Schema.String),
    /** The shard of the lease. */
    shardId: Schema.optional(Schema.String),
    /** The reason in words, with what is needed: `access denied, the call needs dynamodb:Scan`. Default: the text of the reason. */
    problem: Schema.optional(Schema.String),
    /** The message of the store or the transport, and what to do about it. */
    description: Schema.String,
    /** For `Denied`: the credentials were valid but have expired, so that the call is worth one retry. */
    expired: Schema.optional(Schema.Boolean),
    /** For `Credentials`: there were credentials before, so that the call is worth retrying. */
    hadCredentials: Schema.optional(Schema.Boolean),
    /** The error underneath. */
    cause: Schema.optional(Schema.Defect)
  }
) {
  /**
   * Converts an error of `KinesisClient`, as `AwsSdk.errorFromCause` makes them, to the same failure of a lease store. The original error
   * is the cause.
   *
   * @since 0.1.0
   */
  static fromKinesisError(error: KinesisError, place: Place = {}): LeaseStoreError {
    return new LeaseStoreError({
      operation: error.operation,
      reason: reasons[error._tag],
      application: place.application,
      table: place.table,
      leaseKey: place.leaseKey,
      shardId: place.shardId ?? error.shardId,
      problem: problemOf(error),
      description: error.description,
      expired: error._tag === "AccessDenied" && error.reason === "expired" ? true : undefined,
      hadCredentials: error._tag === "CredentialsUnavailable" ? error.hadCredentials : undefined,
      cause: error
    })
  }

  /**
   * The call, its place, what is wrong, and what was said of it, in one line.
   *
   * @since 0.1.0
   */
  override get message(): string {
    const lease = this.leaseKey ?? this.shardId
    const held = this.table !== undefined
      ? `table ${this.table}`
      : this.application !== undefined
      ? `application ${this.application}`
      : ""
    return [
      lease === undefined ? this.operation : `${this.operation} on ${lease}`,
      this.problem ?? problems[this.reason],
      held,
      this.description
    ].filter((part) => part !== "").join(": ")
  }
}

// -----------------------------------------------------------------------------
// internal
// -----------------------------------------------------------------------------

const reasons: Readonly<Record<KinesisError["_tag"], Reason>> = {
  ThrottledError: "Throttled",
  RequestTimeout: "Timeout",
  ServiceUnavailable: "Unavailable",
  ResourceInUse: "InUse",
  CredentialsUnavailable: "Credentials",
  AccessDenied: "Denied",
  InvalidArgument: "Invalid",
  ResourceNotFound: "NotFound",
  KmsError: "Kms"
}

const problems: Readonly<Record<Reason, string>> = {
  Throttled: "throttled",
  Timeout: "no answer in time",
  Unavailable: "the service is unavailable",
  InUse: "in use",
  Credentials: "no credentials",
  Denied: "access denied",
  Invalid: "invalid argument",
  NotFound: "not found",
  Kms: "the key cannot be used"
}
