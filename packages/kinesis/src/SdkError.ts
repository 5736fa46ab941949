/**
 * What a client of the AWS SDK raised as a typed error: for packages that call another service of AWS beside Kinesis.
 *
 * @since 0.1.0
 */
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
 * The error of a call: by the deepest cause that has a known name, else by the HTTP status, else as unavailable.
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
