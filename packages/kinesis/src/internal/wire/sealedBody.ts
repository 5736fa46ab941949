import type { SubscribeToShardCommandOutput } from "@aws-sdk/client-kinesis"

/**
 * The way of a subscription's body through the SDK, which would read it itself: on the way in, the response is marked; on the way out, its
 * body is stored beside a real output of the SDK.
 */
const claimed = new WeakSet<object>()

/** Says that the caller reads the body of a response, before a protocol does. */
export const claim = (response: object): void => void claimed.add(response)

export const isClaimed = (response: object): boolean => claimed.has(response)

/** The answer to a call, before anything of its body was read. */
export interface Answered {
  readonly body: unknown
  readonly contentType: string
}

const answers = new WeakMap<SubscribeToShardCommandOutput, Answered>()

/** An output of the SDK that carries a body. */
export const seal = (
  $metadata: SubscribeToShardCommandOutput["$metadata"],
  { body, headers }: { readonly body: unknown; readonly headers: Readonly<Record<string, unknown>> }
): SubscribeToShardCommandOutput => {
  const output = { $metadata, EventStream: undefined }
  answers.set(output, { body, contentType: String(headers["content-type"] ?? "") })
  return output
}

/** The body that an output carries; undefined if the SDK reads it. */
export const open = (output: SubscribeToShardCommandOutput): Answered | undefined => answers.get(output)
