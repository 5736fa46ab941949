/**
 * What a client of the AWS SDK raised as a typed error: for packages that call another service of AWS beside Kinesis.
 *
 * @since 0.1.0
 */
import type { Client } from "@smithy/core/client"
import * as Answers from "./internal/wire/answers.js"
import * as ErrorMapping from "./internal/wire/errorMapping.js"
import type { KinesisError } from "./KinesisError.js"
import { ServiceUnavailable } from "./KinesisError.js"

/**
 * What is known of a failed call without asking its error.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call {
  /** Whose operation it is, as IAM has it. Default: `"kinesis"`. */
  readonly service?: "kinesis" | "dynamodb" | undefined
  /** The API's name of the operation, such as `UpdateItem`. */
  readonly operation: string
  readonly stream?: string | undefined
  readonly shardId?: string | undefined
  /** What the call is on when that is no stream, such as `table orders`: the description begins with it. */
  readonly resource?: string | undefined
}

/**
 * Makes the errors of an SDK client tell more to {@link fromCause}: whether the provider of its credentials threw them and whether there
 * were credentials before, and whether this machine's clock was to blame. A success whose body is empty, is no object, or names an error is
 * an error from then on. Call it before the client's first call; a second time it does nothing. Without it what a provider throws is known
 * by its name alone, and taken for final.
 *
 * @example
 * ```ts
 * import { KinesisClient } from "@aws-sdk/client-kinesis"
 * import { SdkError } from "effect-kinesis"
 *
 * const sdk = new KinesisClient({ region: "eu-west-1", maxAttempts: 1 })
 * SdkError.watch(sdk)
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const watch = (sdk: Pick<Client<any, any, any, any>, "config" | "middlewareStack">): void =>
  Answers.watch(sdk, { mayBeEmpty: false })

/**
 * The error of a call: of a provider of credentials; else by the deepest cause that has a known name; else by the HTTP status; else as
 * unavailable. Takes whatever was thrown, and never throws.
 *
 * @example
 * ```ts
 * import { KinesisClient, ListStreamsCommand } from "@aws-sdk/client-kinesis"
 * import { Effect } from "effect"
 * import { SdkError } from "effect-kinesis"
 *
 * const names = (sdk: KinesisClient) =>
 *   Effect.tryPromise({
 *     try: (abortSignal) => sdk.send(new ListStreamsCommand({}), { abortSignal }),
 *     catch: (cause) => SdkError.fromCause({ operation: "ListStreams" }, cause)
 *   })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromCause = (call: Call, cause: unknown): KinesisError => {
  const error = ErrorMapping.fromCause(call, cause)
  return error._tag === "ExpiredIterator" || error._tag === "ExpiredListToken"
    ? new ServiceUnavailable({
      operation: error.operation,
      stream: error.stream,
      shardId: error.shardId,
      description: error.description,
      cause
    })
    : error
}
