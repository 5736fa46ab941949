import type * as Api from "effect-kinesis/KinesisApi"
import * as Administration from "../administration.js"
import * as Consumers from "../consumers.js"
import { findStream } from "../lookup.js"
import type { Account } from "../model.js"
import type { Refusal } from "../refusal.js"
import { isRefusal } from "../refusal.js"
import type { Moment } from "./settings.js"
import * as Tags from "./tags.js"

/** A consumer to register, with the tags that it begins with. */
export interface RegisterStreamConsumerRequest extends Api.RegisterStreamConsumerRequest {
  readonly tags?: Readonly<Record<string, string>> | undefined
}

export const register = (
  account: Account,
  { tags = {}, ...request }: RegisterStreamConsumerRequest,
  { now, transition }: Moment
): Api.StreamConsumer | Refusal => {
  const refusal = Tags.refuse({}, tags)
  if (refusal !== undefined) return refusal
  const consumer = Consumers.registerStreamConsumer(account, request, now, transition)
  if (!isRefusal(consumer) && Object.keys(tags).length > 0) {
    Tags.add(Tags.ofResource(account, consumer.consumerArn, now), tags)
  }
  return consumer
}

/** A stream to delete; one that has consumers only if that is said. */
export interface DeleteStreamRequest extends Api.StreamRequest {
  readonly enforceConsumerDeletion?: boolean | undefined
}

export const deleteStream = (
  account: Account,
  request: DeleteStreamRequest,
  { now, transition }: Moment
): Refusal | undefined => {
  const stream = findStream(account, request.stream, now)
  if (isRefusal(stream)) return stream
  return request.enforceConsumerDeletion !== true && Consumers.present(stream, now).size > 0
    ? {
      refused: "ResourceInUse",
      description: `Stream ${stream.name} under account ${account.id} has consumers: ` +
        "set EnforceConsumerDeletion to delete it with them."
    }
    : Administration.deleteStream(account, request, now, transition)
}
