import type { KinesisClient, KinesisError } from "effect-kinesis"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Errors from "../api/errors.js"
import * as EventStream from "../codec/eventStream.js"
import * as Breaking from "./breaking.js"
import type { Response } from "./exchange.js"
import * as Exchange from "./exchange.js"
import type { WireFault } from "./wireFaults.js"

/** Writes, and waits until there is room again: what the caller does not take stays with the engine. */
const write = (response: Response, bytes: Uint8Array): Effect.Effect<void> =>
  Effect.async((resume) => {
    const hasRoom = (response as { write(bytes: Uint8Array): boolean }).write(bytes)
    if (hasRoom) resume(Effect.void)
    else (response as NodeJS.WritableStream).once("drain", () => resume(Effect.void))
  })

/** The next event, or how the subscription is over. */
const next = (
  { announced, event }: KinesisClient.Subscription
): Effect.Effect<Either.Either<Buffer, Option.Option<KinesisError.KinesisError>>> =>
  announced.pipe(
    Effect.zipRight(Effect.mapError(event, Option.some)),
    Effect.map(EventStream.shardEvent),
    Effect.either
  )

const finish = (response: Response, over: Option.Option<KinesisError.KinesisError>): Effect.Effect<void> =>
  Effect.sync(() => {
    if (Option.isNone(over)) response.end()
    else response.end(EventStream.exception(Errors.ofFailure("SubscribeToShard", over.value)))
  })

/** An event of which half comes. */
const breakOff = (response: Response, bytes: Buffer): Effect.Effect<void> =>
  Effect.zipRight(
    write(response, bytes.subarray(0, bytes.length >> 1)),
    Effect.sync(() => Breaking.drop(response))
  )

/** What a subscription brings is handed on until it is over, or the caller has gone. */
const push = (
  response: Response,
  subscription: KinesisClient.Subscription,
  fault: WireFault | undefined
): Effect.Effect<void> =>
  Effect.flatMap(next(subscription), (found) => {
    if (Either.isLeft(found)) return finish(response, found.left)
    if (fault?.kind === "cut") return breakOff(response, found.right)
    return Effect.zipRight(write(response, found.right), push(response, subscription, fault))
  })

/** Answers an accepted subscription: its headers and the first message at once, then its events. */
export const answer = (
  response: Response,
  accepted: Effect.Effect<KinesisClient.Subscription, KinesisError.KinesisError, Scope.Scope>,
  fault: WireFault | undefined
): Effect.Effect<void, KinesisError.KinesisError> =>
  Effect.scoped(Effect.flatMap(accepted, (subscription) => {
    if (fault?.kind === "drop") return Effect.sync(() => Breaking.drop(response))
    if (fault?.kind === "goAway") Breaking.leave(response)
    response.writeHead(200, Exchange.headersOf(EventStream.contentType))
    return Effect.zipRight(write(response, EventStream.initialResponse), push(response, subscription, fault))
  }))
