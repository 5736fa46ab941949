import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import type { StreamConsumerRequest } from "../../KinesisApi.js"
import type { Service } from "../../KinesisClient.js"
import type { KinesisError, ThrottledError } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import * as ConsumerArn from "../shard/consumerArn.js"
import type { ConsumerEvent } from "../shard/consumerState.js"
import type * as ConsumerErrors from "./consumerErrors.js"
import * as Consumers from "./consumers.js"
import type { Emit } from "./emit.js"
import type { FanOutSettings } from "./fanOutSettings.js"
import * as Retry from "./retry.js"

/** What a reader makes calls by. */
export interface Reader {
  readonly client: Service
  /** Name or ARN. */
  readonly stream: string
  readonly emit: Emit
  readonly retrying: ReturnType<typeof Retry.retrying>
}

/** What the calls about a run's consumer share. */
export interface ConsumerCalls {
  readonly reader: Reader
  readonly settings: FanOutSettings
  /** Of the stream, once it is known. */
  streamArn: string | undefined
  /** What the last attempt of a call has failed with, if it has. */
  lastError: KinesisError | undefined
  /** How often a registration was refused in a row because of a limit. */
  limited: number
  /** The registration that is under way, where its outcome must be known at the end. */
  registering: Fiber.Fiber<unknown, unknown> | undefined
  /** The ARN of the consumer that this run registered last. */
  registered: string | undefined
  /** A registration had no answer, and may have had its effect: a consumer that is found before none is seen is this run's. */
  isUnanswered: boolean
}

export const make = (reader: Reader, settings: FanOutSettings): ConsumerCalls => ({
  reader,
  settings,
  streamArn: settings.arn === undefined ? undefined : ConsumerArn.parse(settings.arn)?.streamArn,
  lastError: undefined,
  limited: 0,
  registering: undefined,
  registered: undefined,
  isUnanswered: false
})

/** The consumer as it was given, for errors. */
export const named = ({ reader, settings: { arn, consumer } }: ConsumerCalls): ConsumerErrors.Named => ({
  stream: reader.stream,
  consumer: arn ?? consumer
})

/** What a call comes to. Where it is refused for good, the call itself has not failed: it would be repeated. */
type Answer = Effect.Effect<ConsumerEvent, KinesisError>

/** A call that is repeated by the reader's schedules. */
const repeated = (self: ConsumerCalls, call: Effect.Effect<Answer, KinesisError>): Answer =>
  Effect.flatten(self.reader.retrying(Effect.tapBoth(call, {
    onFailure: (error) => Effect.sync(() => void (self.lastError = error)),
    onSuccess: () => Effect.sync(() => void (self.lastError = undefined))
  })))

const streamArnOf = (self: ConsumerCalls): Effect.Effect<string, KinesisError> =>
  Effect.suspend(() => {
    const { reader: { client, stream }, streamArn } = self
    return streamArn !== undefined
      ? Effect.succeed(streamArn)
      : Effect.tap(Consumers.streamArn(client, stream), (found) => Effect.sync(() => void (self.streamArn = found)))
  })

const requestOf = (self: ConsumerCalls, by: "arn" | "name"): Effect.Effect<StreamConsumerRequest, KinesisError> => {
  const { arn, consumer } = self.settings
  return by === "arn" && arn !== undefined
    ? Effect.succeed({ consumerArn: arn })
    : Effect.map(streamArnOf(self), (streamArn) => ({ streamArn, consumerName: consumer }))
}

/** Asks for the consumer, by the ARN that was given or by its name. */
export const describe = (self: ConsumerCalls, by: "arn" | "name"): Answer =>
  repeated(
    self,
    Effect.flatMap(requestOf(self, by), (request) =>
      self.reader.client.describeStreamConsumer(request).pipe(
        Effect.flatMap(({ consumerArn, consumerStatus }) =>
          Effect.as(
            self.isUnanswered && consumerStatus !== "DELETING" ? isOwn(self, consumerArn) : Effect.void,
            Effect.succeed<ConsumerEvent>({ _tag: "Described", arn: consumerArn, status: consumerStatus })
          )
        ),
        Effect.catchTag("ResourceNotFound", () => {
          self.isUnanswered = false
          return Effect.succeed<Answer>(Effect.succeed({ _tag: "NotFound" }))
        })
      ))
  )

/** This run has registered the consumer. */
const isOwn = (self: ConsumerCalls, consumerArn: string): Effect.Effect<void> => {
  self.registered = consumerArn
  self.isUnanswered = false
  const { reader: { emit, stream }, settings: { consumer } } = self
  return Effect.zipRight(
    Effect.logInfo(`${stream}: registered the consumer ${consumer}, which is paid for until it is deregistered`),
    emit(KinesisEvent.ConsumerRegistered({ consumerName: consumer, consumerArn }))
  )
}

/** Registers the consumer, unless another has done so or the stream has no room for it. */
export const register = (self: ConsumerCalls): Answer =>
  Effect.suspend(() => {
    self.limited = 0
    const registering = Effect.flatMap(streamArnOf(self), (streamArn) => registration(self, streamArn))
    return repeated(self, self.settings.deregister ? seenThrough(self, registering) : registering)
  })

const mayHaveRegistered = (error: KinesisError): boolean =>
  (error._tag === "RequestTimeout" || error._tag === "ServiceUnavailable") && error.unsent !== true

const registration = (self: ConsumerCalls, streamArn: string): Effect.Effect<Answer, KinesisError> =>
  self.reader.client.registerStreamConsumer({ streamArn, consumerName: self.settings.consumer }).pipe(
    Effect.tapError((error) => Effect.sync(() => void (self.isUnanswered ||= mayHaveRegistered(error)))),
    Effect.flatMap(({ consumerArn, consumerStatus }) =>
      Effect.as(
        isOwn(self, consumerArn),
        Effect.succeed<ConsumerEvent>({ _tag: "Registered", arn: consumerArn, status: consumerStatus })
      )
    ),
    Effect.catchTags({
      ResourceInUse: ({ description }) => Effect.succeed<Answer>(Effect.succeed({ _tag: "Refused", description })),
      ThrottledError: (error) => limited(self, streamArn, error)
    })
  )

/** After so many refusals in a row the stream may be full; before, there may just have been too many calls. */
const limitsBelieved = 3

const limited = (
  self: ConsumerCalls,
  streamArn: string,
  error: ThrottledError
): Effect.Effect<Answer, KinesisError> => {
  self.limited++
  if (self.limited < limitsBelieved) return Effect.fail(error)
  return Effect.flatMap(
    Consumers.ofLimit(self.reader.client, streamArn, named(self), error),
    (judged) => judged._tag === "ThrottledError" ? Effect.fail(judged) : Effect.succeed(Effect.fail(judged))
  )
}

// ---------------------------------------------------------------------------------------------------------------------
// The end of a run that deregisters what it has registered. A registration is a fiber of its own, so that its outcome is
// known although whoever waits for it is interrupted. So is the deregistration: a finalizer of an interrupted run has no
// timeouts, since nothing in it can be interrupted.
// ---------------------------------------------------------------------------------------------------------------------

const seenThrough = <A>(self: ConsumerCalls, call: Effect.Effect<A, KinesisError>): Effect.Effect<A, KinesisError> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.forkDaemon(Effect.interruptible(call)), (fiber) => {
      self.registering = fiber
      return restore(Fiber.join(fiber))
    })
  )

const deregisterRetry = Schedule.intersect(Schedule.spaced("1 second"), Schedule.recurs(5))

/** The consumer that this run has registered, if it has. */
const own = (
  { isUnanswered, registered, settings: { consumer }, streamArn }: ConsumerCalls
): StreamConsumerRequest | undefined =>
  isUnanswered && streamArn !== undefined
    ? { streamArn, consumerName: consumer }
    : registered !== undefined
    ? { consumerArn: registered }
    : undefined

const deregistered = (self: ConsumerCalls): Effect.Effect<void, KinesisError> =>
  Effect.gen(function*() {
    if (self.registering !== undefined) yield* Fiber.await(self.registering)
    const request = own(self)
    if (request === undefined) return
    yield* self.reader.client.deregisterStreamConsumer(request).pipe(
      Effect.retry({ schedule: deregisterRetry, while: Retry.mayPass }),
      Effect.catchTag("ResourceNotFound", () => Effect.void)
    )
  })

const patience = "15 seconds"

/** Deregisters the consumer that this run has registered, if it has; it is not waited for until it is gone. */
export const deregister = (self: ConsumerCalls): Effect.Effect<void> =>
  deregistered(self).pipe(
    Effect.timeoutFail({ duration: patience, onTimeout: () => ({ message: `no answer in ${patience}` }) }),
    Effect.catchAll(({ message }) =>
      Effect.logWarning(
        `the consumer ${self.settings.consumer} may be left, and costs money until it is deregistered: ${message}`
      )
    ),
    Effect.interruptible,
    Effect.forkDaemon,
    Effect.flatMap(Fiber.await),
    Effect.asVoid
  )
