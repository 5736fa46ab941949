/**
 * What can go wrong, by what the caller can do about it.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as DecodeErrors from "./internal/decode/decodeError.js"
import * as EncodeErrors from "./internal/encode/encodeError.js"
import { describe } from "./internal/text/errorText.js"
import type { LeaseStoreError } from "./LeaseStoreError.js"

const call = {
  /** The API's operation, such as `GetRecords`. */
  operation: Schema.String,
  /** Name or ARN of the stream. */
  stream: Schema.optional(Schema.String),
  /** The shard, if the call was about one. */
  shardId: Schema.optional(Schema.String),
  /** What the service or the transport said. */
  description: Schema.String,
  /** What the SDK threw. */
  cause: Schema.optional(Schema.Defect)
}

/** Present if the request surely had no effect: there was no connection, or the service refused to look at it. */
const unsent = Schema.optional(Schema.Literal(true))

/**
 * The same request will be accepted later: a throughput limit, KMS throttling or a limit on API calls.
 *
 * @since 0.1.0
 * @category errors
 */
export class ThrottledError extends Schema.TaggedError<ThrottledError>("effect-kinesis/ThrottledError")(
  "ThrottledError",
  {
    ...call,
    /** Which limit: the shard's throughput, that of KMS, or that of calls. */
    reason: Schema.Literal("throughput", "kms", "limit")
  }
) {
  /**
   * The call, its place, what is wrong, and what was said of it, in one line.
   *
   * @since 0.1.0
   */
  override get message(): string {
    return describe(this)
  }
}

/**
 * The shard iterator is older than 5 minutes: a new one is needed.
 *
 * @since 0.1.0
 * @category errors
 */
export class ExpiredIterator extends Schema.TaggedError<ExpiredIterator>("effect-kinesis/ExpiredIterator")(
  "ExpiredIterator",
  call
) {
  /**
   * The call, its place, what is wrong, and what was said of it, in one line.
   *
   * @since 0.1.0
   */
  override get message(): string {
    return describe(this)
  }
}

/**
 * The token of a listing is older than 300 seconds: the listing starts again.
 *
 * @since 0.1.0
 * @category errors
 */
export class ExpiredListToken extends Schema.TaggedError<ExpiredListToken>("effect-kinesis/ExpiredListToken")(
  "ExpiredListToken",
  call
) {
  /**
   * The call, its place, what is wrong, and what was said of it, in one line.
   *
   * @since 0.1.0
   */
  override get message(): string {
    return describe(this)
  }
}

/**
 * There is no such stream or consumer, or the shard has left retention.
 *
 * @since 0.1.0
 * @category errors
 */
export class ResourceNotFound extends Schema.TaggedError<ResourceNotFound>("effect-kinesis/ResourceNotFound")(
  "ResourceNotFound",
  call
) {
  /**
   * The call, its place, what is wrong, and what was said of it, in one line.
   *
   * @since 0.1.0
   */
  override get message(): string {
    return describe(this)
  }
}

/**
 * The stream, or the consumer, is being created, changed or deleted, or the name is taken; or the consumer has subscribed to the shard anew, or
 * did so within the last 5 seconds.
 *
 * @since 0.1.0
 * @category errors
 */
export class ResourceInUse extends Schema.TaggedError<ResourceInUse>("effect-kinesis/ResourceInUse")(
  "ResourceInUse",
  call
) {
  /**
   * The call, its place, what is wrong, and what was said of it, in one line.
   *
   * @since 0.1.0
   */
  override get message(): string {
    return describe(this)
  }
}

/**
 * The request is wrong and stays wrong. `field` and the permitted range stand in the message where they are known.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidArgument extends Schema.TaggedError<InvalidArgument>("effect-kinesis/InvalidArgument")(
  "InvalidArgument",
  {
    ...call,
    /** The option or parameter that is wrong, if it is known. */
    field: Schema.optional(Schema.String)
  }
) {
  /**
   * The call, its place, what is wrong, and what was said of it, in one line.
   *
   * @since 0.1.0
   */
  override get message(): string {
    return describe(this)
  }
}

/**
 * The service refuses the call, by its `reason`: the credentials lack the `"permission"` for `action`, the IAM action that the call needs;
 * the `"credentials"` are unknown or the `"signature"` wrong; they have `"expired"`; or it is `"unknown"`, as when a proxy refused.
 *
 * @since 0.1.0
 * @category errors
 */
export class AccessDenied extends Schema.TaggedError<AccessDenied>("effect-kinesis/AccessDenied")(
  "AccessDenied",
  {
    ...call,
    /** The IAM action that the call needs, such as `kinesis:GetRecords`. */
    action: Schema.String,
    /** Why: the permission is missing; the credentials are unknown, or the signature wrong; expired; or unknown. Default: `"permission"`. */
    reason: Schema.optionalWith(Schema.Literal("permission", "credentials", "signature", "expired", "unknown"), {
      default: () => "permission"
    })
  }
) {
  /**
   * The call, its place, what is wrong, and what was said of it, in one line.
   *
   * @since 0.1.0
   */
  override get message(): string {
    return describe(this)
  }
}

/**
 * No credentials could be had: what failed is their provider (STS, SSO, the container's or the instance's service, a program), and the call
 * was not sent. Once there were credentials it is transient: the provider is asked again. Before the first ones it is final.
 *
 * @since 0.1.0
 * @category errors
 */
export class CredentialsUnavailable
  extends Schema.TaggedError<CredentialsUnavailable>("effect-kinesis/CredentialsUnavailable")(
    "CredentialsUnavailable",
    {
      ...call,
      /** Who was asked, where that is known: `STS`, `SSO`, `the instance's metadata service`. The description is what it said. */
      provider: Schema.optional(Schema.String),
      /** Whether the client had credentials before. */
      hadCredentials: Schema.Boolean
    }
  )
{
  /**
   * The call, its place, what is wrong, and what was said of it, in one line.
   *
   * @since 0.1.0
   */
  override get message(): string {
    return describe(this)
  }
}

/**
 * The stream's KMS key cannot be used: disabled, gone, or not permitted.
 *
 * @since 0.1.0
 * @category errors
 */
export class KmsError extends Schema.TaggedError<KmsError>("effect-kinesis/KmsError")(
  "KmsError",
  {
    ...call,
    /** The service's name of it, such as `KMSAccessDeniedException`. */
    code: Schema.String
  }
) {
  /**
   * The call, its place, what is wrong, and what was said of it, in one line.
   *
   * @since 0.1.0
   */
  override get message(): string {
    return describe(this)
  }
}

/**
 * No answer came within the call's deadline. Whether the request took effect is unknown, unless it is `unsent`.
 *
 * @since 0.1.0
 * @category errors
 */
export class RequestTimeout extends Schema.TaggedError<RequestTimeout>("effect-kinesis/RequestTimeout")(
  "RequestTimeout",
  { ...call, unsent }
) {
  /**
   * The call, its place, what is wrong, and what was said of it, in one line.
   *
   * @since 0.1.0
   */
  override get message(): string {
    return describe(this)
  }
}

/**
 * The service failed (5xx), could not be reached, or answered what cannot be read. Whether the request took effect is unknown, unless it is
 * `unsent`.
 *
 * @since 0.1.0
 * @category errors
 */
export class ServiceUnavailable extends Schema.TaggedError<ServiceUnavailable>("effect-kinesis/ServiceUnavailable")(
  "ServiceUnavailable",
  { ...call, unsent }
) {
  /**
   * The call, its place, what is wrong, and what was said of it, in one line.
   *
   * @since 0.1.0
   */
  override get message(): string {
    return describe(this)
  }
}

/**
 * A record's bytes are not what the decoder expects. It carries the record's place and bytes, so that nothing is lost with it.
 *
 * @since 0.1.0
 * @category errors
 */
export class DecodeError extends Schema.TaggedError<DecodeError>("effect-kinesis/DecodeError")(
  "DecodeError",
  DecodeErrors.fields
) {
  /**
   * The call, its place, what is wrong, and what was said of it, in one line.
   *
   * @since 0.1.0
   */
  override get message(): string {
    return DecodeErrors.message(this)
  }

  /**
   * The fields as plain JSON, for a log or a dead-letter queue: the bytes in base64, the cause as text where it says more than `description`.
   *
   * @since 0.1.0
   */
  override toJSON(): unknown {
    return DecodeErrors.json(this)
  }
}

/**
 * No record can be made of a value: its schema refuses it, it has no form in JSON, a key is not permitted, or a function threw. Nothing was
 * sent of it. It carries the value, and neither its message nor its cause quotes it.
 *
 * @since 0.1.0
 * @category errors
 */
export class EncodeError extends Schema.TaggedError<EncodeError>("effect-kinesis/EncodeError")(
  "EncodeError",
  EncodeErrors.fields
) {
  /**
   * The part of the record there is none of, and what is wrong, in one line.
   *
   * @since 0.1.0
   */
  override get message(): string {
    return EncodeErrors.message(this)
  }

  /**
   * The fields as plain JSON, for a dead-letter queue: the value too, with bytes in base64 and bigints as text.
   *
   * @since 0.1.0
   */
  override toJSON(): unknown {
    return EncodeErrors.json(this)
  }
}

/**
 * The lease of a shard is another worker's by now, or could not be renewed in time, so that it may be: what is written in its name is
 * refused.
 *
 * @since 0.1.0
 * @category errors
 */
export class LeaseLost extends Schema.TaggedError<LeaseLost>("effect-kinesis/LeaseLost")(
  "LeaseLost",
  {
    /** The call that was refused. */
    operation: Schema.String,
    /** The lease's key in the table. */
    leaseKey: Schema.String,
    /** The shard. */
    shardId: Schema.String,
    /** The worker that has lost it. */
    worker: Schema.optional(Schema.String),
    /** What was found instead. */
    description: Schema.String
  }
) {
  /**
   * The call, its place, what is wrong, and what was said of it, in one line.
   *
   * @since 0.1.0
   */
  override get message(): string {
    return `${this.operation} of the lease ${this.leaseKey}: lost by ${this.worker ?? "nobody"}: ${this.description}`
  }
}

/**
 * A handler failed, died or threw, or a decoder failed: what it was given is not acknowledged. It says where, and what with.
 *
 * Failure policies, events and summaries have each failure as one of these. A consumer fails with the handler's own error where there is
 * one, and with a `HandlerError` where the handler died, threw or interrupted itself, and where the dead letter could not be sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class HandlerError<out E = unknown> extends Data.TaggedError("HandlerError")<{
  /** The stream's name. */
  readonly stream: string
  /** The shard. */
  readonly shardId: string
  /** The record, or the first of the page, that was being handled. */
  readonly sequenceNumber: string | undefined
  /** The record's place in its aggregate; undefined if it came alone. */
  readonly subSequenceNumber: number | undefined
  /** Which of the values that a decoder found in the record, from 0; undefined where it found one, or where nothing was decoded. */
  readonly valueIndex?: number | undefined
  /** Whose failure it is: that of a decoder, when the record could not be decoded, is also that of its `onInvalid`. */
  readonly source: "handler" | "decoder"
  /** What the handler, or the decoder, said. */
  readonly description: string
  /** What it failed with, or what it threw; where a logger would die of that, an error that says what it says. */
  readonly cause: unknown
  /** What the dead letter failed with, if it failed. */
  readonly deadLetterCause?: unknown
}> {
  readonly #failure: Option.Option<E>

  constructor(
    { failure, source = "handler", ...fields }: {
      readonly source?: "handler" | "decoder" | undefined
      readonly stream: string
      readonly shardId: string
      readonly sequenceNumber?: string | undefined
      readonly subSequenceNumber?: number | undefined
      readonly valueIndex?: number | undefined
      readonly description: string
      readonly cause: unknown
      readonly deadLetterCause?: unknown
      readonly failure?: Option.Option<E> | undefined
    }
  ) {
    super({ sequenceNumber: undefined, subSequenceNumber: undefined, ...fields, source })
    this.#failure = failure ?? Option.none()
  }

  /**
   * What the handler, or the decoder, failed with; none when it died, threw or interrupted itself.
   *
   * @since 0.1.0
   */
  get failure(): Option.Option<E> {
    return this.#failure
  }

  /**
   * The call, its place, what is wrong, and what was said of it, in one line.
   *
   * @since 0.1.0
   */
  override get message(): string {
    const index = this.valueIndex === undefined ? "" : `, value ${this.valueIndex}`
    const place = this.sequenceNumber === undefined ? "" : ` at ${this.sequenceNumber}${index}`
    return `the ${this.source} failed on ${this.stream}/${this.shardId}${place}: ${this.description}`
  }
}

/**
 * What any call to the service can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type KinesisError =
  | ThrottledError
  | ResourceNotFound
  | ResourceInUse
  | InvalidArgument
  | AccessDenied
  | CredentialsUnavailable
  | KmsError
  | RequestTimeout
  | ServiceUnavailable

/**
 * The outcome is not the request's fault: the same request may succeed.
 *
 * @since 0.1.0
 * @category errors
 */
export type TransientError =
  | RequestTimeout
  | ServiceUnavailable
  | (CredentialsUnavailable & { readonly hadCredentials: true })
  | (LeaseStoreError & { readonly reason: "Timeout" | "Unavailable" })
  | (LeaseStoreError & { readonly reason: "Credentials"; readonly hadCredentials: true })

/**
 * The outcome is not the request's fault: the same request may succeed. The opposite is for good, or a throttle.
 *
 * @since 0.1.0
 * @category guards
 */
export const isTransient = (error: { readonly _tag: string }): error is TransientError =>
  error._tag === "RequestTimeout" || error._tag === "ServiceUnavailable" ||
  (error._tag === "CredentialsUnavailable" && (error as CredentialsUnavailable).hadCredentials) ||
  isOfStore(error, "Timeout", "Unavailable") ||
  (isOfStore(error, "Credentials") && error.hadCredentials === true)

/**
 * Refused for now, because a limit was reached.
 *
 * @since 0.1.0
 * @category guards
 */
export const isThrottled = (
  error: { readonly _tag: string }
): error is ThrottledError | (LeaseStoreError & { readonly reason: "Throttled" }) =>
  error._tag === "ThrottledError" || isOfStore(error, "Throttled")

/**
 * The stream or the table is not ACTIVE, or its KMS key cannot be used: for good, or until somebody has done something about it.
 *
 * @since 0.1.0
 * @category guards
 */
export const isUnavailableResource = (
  error: { readonly _tag: string }
): error is ResourceInUse | KmsError | (LeaseStoreError & { readonly reason: "InUse" | "Kms" }) =>
  error._tag === "ResourceInUse" || error._tag === "KmsError" || isOfStore(error, "InUse", "Kms")

/**
 * The credentials were good and have expired: their provider may have new ones.
 *
 * @since 0.1.0
 * @category guards
 */
export const isExpiredCredentials = (error: { readonly _tag: string }): boolean =>
  (error._tag === "AccessDenied" && (error as AccessDenied).reason === "expired") ||
  (isOfStore(error, "Denied") && error.expired === true)

// -----------------------------------------------------------------------------
// internal
// -----------------------------------------------------------------------------

/** A lease store failed for one of these reasons. */
const isOfStore = <R extends LeaseStoreError["reason"]>(
  error: { readonly _tag: string },
  ...reasons: ReadonlyArray<R>
): error is LeaseStoreError & { readonly reason: R } =>
  error._tag === "LeaseStoreError" && (reasons as ReadonlyArray<string>).includes((error as LeaseStoreError).reason)
