import type * as KinesisClient from "effect-kinesis/KinesisClient"
import type { KinesisError } from "effect-kinesis/KinesisError"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { Subscribing } from "./history.js"
import { nameOf } from "./names.js"
import type { Member, Noted, World } from "./world.js"

type Client = Pick<
  KinesisClient.Service,
  "subscribeToShard" | "describeStreamConsumer" | "registerStreamConsumer" | "deregisterStreamConsumer"
>

/** The service's part of enhanced fan-out, as one process reaches it. */
export const connect = (world: World, member: Member, client: Client): Client => {
  const { notes } = world
  const { life: { index }, process } = member
  const called = <Request, A>(
    operation: string,
    call: (request: Request) => Effect.Effect<A, KinesisError>
  ) =>
  (request: Request) =>
    Effect.tapBoth(process.call(call(request)), {
      onFailure: ({ _tag }) => {
        notes.count(`${operation}: ${_tag}`)
        return notes.say(() => `w${index} ${operation}: ${_tag}`)
      },
      onSuccess: () => notes.say(() => `w${index} ${operation}: ok`)
    })
  return {
    subscribeToShard: (request) =>
      Effect.flatMap(
        Scope.make(),
        (scope) => subscribed(world, member, client.subscribeToShard(request), scope, request)
      ),
    describeStreamConsumer: called("describeStreamConsumer", client.describeStreamConsumer),
    registerStreamConsumer: called("registerStreamConsumer", client.registerStreamConsumer),
    deregisterStreamConsumer: (request) => {
      notes.deregistrations.push({ process: index, moment: notes.moment() })
      return called("deregisterStreamConsumer", client.deregisterStreamConsumer)(request)
    }
  }
}

/**
 * A subscription lives with the service until its process leaves it, or the service finds out that the process is gone. What it brings reaches
 * the process only while that runs.
 */
const subscribed = (
  { notes }: World,
  { connections, life, process }: Member,
  accepted: Effect.Effect<KinesisClient.Subscription, KinesisError, Scope.Scope>,
  scope: Scope.CloseableScope,
  { shardId, stream }: { readonly stream: string; readonly shardId: string }
): Effect.Effect<KinesisClient.Subscription, KinesisError, Scope.Scope> => {
  const noted: Noted<Subscribing> = {
    process: life.index,
    shardId: nameOf(stream, shardId),
    called: notes.moment(),
    accepted: undefined,
    brought: undefined,
    over: undefined,
    taken: false
  }
  notes.subscriptions.push(noted)
  const over = Effect.sync(() => {
    noted.over ??= notes.moment()
  })
  const leave = Effect.suspend(() => {
    connections.delete(scope)
    return Effect.zipRight(over, Scope.close(scope, Exit.void))
  })
  const call = Effect.tapError(process.call(Scope.extend(accepted, scope)), () => over)
  connections.add(scope)
  return Effect.zipRight(Effect.addFinalizer(() => leave), call).pipe(
    Effect.map(({ announced, event }) => {
      noted.accepted = notes.moment()
      return {
        announced: Effect.tapBoth(process.call(announced), {
          onFailure: (why) => {
            const wasHeld = noted.brought !== undefined || notes.now() - noted.accepted!.at >= 1_000
            noted.taken = wasHeld && Option.isSome(why) && why.value._tag === "ResourceInUse"
            return over
          },
          onSuccess: () =>
            Effect.sync(() => {
              noted.brought ??= notes.moment()
            })
        }),
        event: Effect.tapError(process.call(event), () => over)
      }
    })
  )
}

/** The service finds out that a process is gone. */
export const disconnect = ({ connections }: Member): Effect.Effect<void> =>
  Effect.forEach([...connections], (scope) => Scope.close(scope, Exit.void), { discard: true })
