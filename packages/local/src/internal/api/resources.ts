import { findStream } from "../lookup.js"
import type { Account, Stream } from "../model.js"
import type { Refusal } from "../refusal.js"
import { invalid, isRefusal } from "../refusal.js"

/** A stream, and the ARN of the stream itself or of one of its consumers. */
export interface Resource {
  readonly stream: Stream
  readonly arn: string
}

const consumerPattern = /^(arn:[^:]+:kinesis:[^:]+:\d{12}:stream\/[a-zA-Z0-9_.-]+)\/consumer\/[a-zA-Z0-9_.-]+:\d+$/

/** What tags and policies are attached to, by its ARN. */
export const find = (account: Account, arn: string, now: number): Resource | Refusal => {
  if (typeof arn !== "string" || !arn.startsWith("arn:")) {
    return invalid("resourceArn", "must be the ARN of a stream or of a consumer")
  }
  const stream = findStream(account, consumerPattern.exec(arn)?.[1] ?? arn, now)
  return isRefusal(stream) ? stream : { stream, arn }
}
