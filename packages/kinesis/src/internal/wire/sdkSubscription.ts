import * as Sdk from "@aws-sdk/client-kinesis"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Api from "../../KinesisApi.js"
import type { Subscription } from "../../KinesisClient.js"
import type { KinesisError } from "../../KinesisError.js"
import * as Inputs from "./sdkInputs.js"
import * as Outputs from "./sdkOutputs.js"
import type { Open } from "./subscriptions.js"

type Event = Sdk.SubscribeToShardEventStream

/** A subscription through the SDK's own event stream. */
interface State {
  readonly request: Api.SubscribeToShardRequest
  readonly events: AsyncIterator<Event>
  readonly toError: (cause: unknown) => KinesisError
  /** The next event, undefined at the end: asked for, though whoever asked may have been interrupted. What has failed stays so. */
  asked: Promise<Api.SubscribeToShardEvent | undefined> | undefined
  /** Announced, and not taken. */
  ahead: Api.SubscribeToShardEvent | undefined
}

/** Subscribes. The SDK ends the subscription at the signal alone: to leave its events does not. */
export const subscribe = async (
  sdk: Sdk.KinesisClient,
  request: Api.SubscribeToShardRequest,
  abortSignal: AbortSignal
): Promise<Open> => {
  const output = await sdk.send(new Sdk.SubscribeToShardCommand(Inputs.subscribeToShardInput(request)), { abortSignal })
  const events = Outputs.required(output.EventStream, "EventStream")[Symbol.asyncIterator]()
  return (toError) => make({ request, events, toError, asked: undefined, ahead: undefined })
}

/** What the events of a subscription are to whoever pulls them. */
const make = (self: State): Subscription => {
  return {
    announced: Effect.suspend(() => announced(self)),
    event: Effect.suspend(() => taken(self))
  }
}

const announced = (self: State): Effect.Effect<number, Option.Option<KinesisError>> =>
  Effect.tryPromise({
    try: async () => {
      if (self.ahead !== undefined) return bytesOf(self.ahead)
      const asked = self.asked ??= next(self)
      const event = await asked
      if (event === undefined) return undefined
      if (self.asked === asked) {
        self.asked = undefined
        self.ahead = event
      }
      return bytesOf(event)
    },
    catch: (cause) => Option.some(self.toError(cause))
  }).pipe(Effect.flatMap((bytes) => bytes === undefined ? Effect.fail(Option.none()) : Effect.succeed(bytes)))

/** Of an event of another kind nothing is known. */
const next = async ({ events, request }: State): Promise<Api.SubscribeToShardEvent | undefined> => {
  for (;;) {
    const { done, value } = await events.next()
    if (done === true) return undefined
    const event: Sdk.SubscribeToShardEvent | undefined = value.SubscribeToShardEvent
    if (event !== undefined) return Outputs.toSubscribeToShardEvent(event, request)
  }
}

/** In JSON data is Base64, and a record has some 200 bytes besides. */
const bytesOf = ({ records }: Api.SubscribeToShardEvent): number =>
  records.reduce((bytes, { data }) => bytes + Math.ceil(data.length / 3) * 4 + 200, 0)

const taken = (self: State): Effect.Effect<Api.SubscribeToShardEvent, KinesisError> => {
  const { ahead } = self
  if (ahead === undefined) return Effect.fail(self.toError(new Error("no event was announced")))
  self.ahead = undefined
  return Effect.succeed(ahead)
}
