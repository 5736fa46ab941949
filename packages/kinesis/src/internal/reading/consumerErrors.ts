import { type KinesisError, ResourceInUse, ResourceNotFound } from "../../KinesisError.js"
import type { ConsumerState } from "../shard/consumerState.js"
import * as Retry from "./retry.js"

/** A consumer, and its stream by name or ARN, as they were given. */
export interface Named {
  readonly stream: string | undefined
  readonly consumer: string
}

const describing = "DescribeStreamConsumer"

/** There is no such consumer, and none is to be registered. */
export const notRegistered = ({ consumer, stream }: Named): KinesisError =>
  new ResourceNotFound({
    operation: describing,
    stream,
    description: `the consumer ${consumer} is not registered, and register is false; register it by ` +
      `FanOut.register({ stream: ${JSON.stringify(stream)}, consumer: ${JSON.stringify(consumer)} })`
  })

/** The stream has as many consumers as it may have. */
export const tooMany = ({ consumer, stream }: Named, consumers: number, cause: KinesisError): KinesisError =>
  new ResourceInUse({
    operation: "RegisterStreamConsumer",
    stream,
    description: `the stream has ${consumers} consumers, and may not have ${consumer} as well; deregister one by ` +
      "FanOut.deregister, FanOut.list names them, or subscribe as one of them that nobody uses",
    cause
  })

/** How long a consumer was waited for, as a message has it. */
const patience = "2 minutes"

/** A consumer has been waited for long enough; `cause` is what the last call failed with. */
export const late = (
  { consumer, stream }: Named,
  { refusal, seen }: Pick<ConsumerState, "seen" | "refusal">,
  cause?: KinesisError
): KinesisError => {
  const status = seen === "unknown" || seen === "missing" ? "not registered" : seen
  return new ResourceInUse({
    operation: describing,
    stream,
    description: `the consumer ${consumer} is still ${status} after ${patience}` +
      (refusal === undefined ? "" : `: ${refusal}`),
    cause
  })
}

/**
 * Whether a consumer could not be found since calls failed: then nothing is known against it. That a stream has no room for another one is
 * known, though that was told as a throttle.
 */
export const isByOutage = (error: KinesisError): boolean =>
  Retry.mayPass(error) || (error.operation === describing && isPassing(error.cause))

const isPassing = (cause: unknown): boolean =>
  typeof cause === "object" && cause !== null && "_tag" in cause && Retry.mayPass(cause as KinesisError)
