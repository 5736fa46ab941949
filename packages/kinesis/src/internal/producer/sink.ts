import type * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import type { ProducerClosed, PutError } from "../../ProducerError.js"
import * as Effects from "../options/effects.js"
import type * as Calls from "./calls.js"
import * as Doors from "./doors.js"
import type * as Writer from "./writer.js"

/** What a sink has written. */
export interface Summary {
  /** Records that were written. */
  readonly written: number
  /** Records that were given up, each of which was told to `onFailed`. */
  readonly failed: number
  /** The bytes of the data and partition keys that were written. */
  readonly bytes: number
}

/** What is done with each record that was given up. */
export type OnFailed<E, R> = "fail" | ((error: PutError) => Effect.Effect<unknown, E, R>)

/** The calls of one run of a sink, a call for each chunk. */
interface State {
  /** Those of which some record is not told, or some failure not handled. */
  readonly calls: Set<Calls.Call>
  written: number
  failed: number
  bytes: number
  onNews: (() => void) | undefined
}

const waitForNews = (state: State): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    state.onNews = () => resume(Effect.void)
    return Effect.sync(() => {
      state.onNews = undefined
    })
  })

/** The failures that are known by now; calls that are over are added up. */
const collect = (state: State): ReadonlyArray<PutError> => {
  const failed: Array<PutError> = []
  for (const call of state.calls) {
    failed.push(...call.failed.splice(0))
    if (call.pending > 0) continue
    state.calls.delete(call)
    state.written += call.written
    state.bytes += call.bytes
  }
  state.failed += failed.length
  return failed
}

const handle = <E, R>(state: State, onFailed: OnFailed<E, R>): Effect.Effect<void, E | PutError, R> =>
  Effect.suspend((): Effect.Effect<void, E | PutError, R> => {
    const failed = collect(state)
    if (onFailed === "fail") return failed.length === 0 ? Effect.void : Effect.fail(failed[0]!)
    return Effect.forEach(failed, (error) => Effects.called("onFailed", () => onFailed(error)), { discard: true })
  })

/** Takes a chunk in, when there is room for it; what became of the chunks before is looked at meanwhile. */
const takeChunk = <E, R>(
  self: Writer.Writer,
  state: State,
  chunk: Chunk.Chunk<unknown>,
  onFailed: OnFailed<E, R>
): Effect.Effect<void, E | PutError | ProducerClosed, R> =>
  Effect.flatMap(Doors.begin(self, false), (call) => {
    state.calls.add(call)
    call.onNews = () => state.onNews?.()
    return Effect.zipRight(Doors.take(self, call, chunk), handle(state, onFailed))
  })

const finish = <E, R>(state: State, onFailed: OnFailed<E, R>): Effect.Effect<Summary, E | PutError, R> =>
  Effect.suspend(() =>
    Effect.zipRight(
      handle(state, onFailed),
      Effect.suspend(() => {
        const { bytes, calls, failed, written } = state
        return calls.size === 0
          ? Effect.succeed({ written, failed, bytes })
          : Effect.zipRight(isNews(state) ? Effect.void : waitForNews(state), finish(state, onFailed))
      })
    )
  )

const isNews = ({ calls }: State): boolean => {
  for (const { failed, pending } of calls) if (pending <= 0 || failed.length > 0) return true
  return false
}

/** A sink that fails or is interrupted takes back what waits. */
const release = (self: Writer.Writer, { calls }: State): Effect.Effect<void> =>
  Effect.sync(() => {
    for (const call of calls) if (call.pending > 0) Doors.takeBack(self, call)
  })

/** Writes a stream: a chunk is taken as soon as there is room for it, while those before are still on the way. */
export const make = <E = never, R = never>(
  self: Writer.Writer,
  onFailed: OnFailed<E, R>
): Sink.Sink<Summary, unknown, never, E | PutError | ProducerClosed, R> =>
  Sink.unwrapScoped<Summary, unknown, never, E | PutError | ProducerClosed, R | Scope.Scope>(
    Effect.map(
      Effect.acquireRelease(
        Effect.sync((): State => ({ calls: new Set(), written: 0, failed: 0, bytes: 0, onNews: undefined })),
        (state) => release(self, state)
      ),
      (state) =>
        Sink.mapEffect(
          Sink.foldLeftChunksEffect(undefined, (_: undefined, chunk: Chunk.Chunk<unknown>) =>
            Effect.as(takeChunk(self, state, chunk, onFailed), undefined)),
          () =>
            finish(state, onFailed)
        )
    )
  ) as Sink.Sink<Summary, unknown, never, E | PutError | ProducerClosed, R>
