import type { Operation } from "effect-kinesis/KinesisClient"

/** Which calls a fault meets: those of an operation, a stream by name, a shard; all where a field is absent. */
export interface Scope {
  readonly operation?: Operation | undefined
  readonly stream?: string | undefined
  readonly shardId?: string | undefined
}

/** What becomes of a call that a fault meets. `E` is the error it fails with. */
export type Action<E> =
  | { readonly _tag: "Delay"; readonly millis: number }
  | { readonly _tag: "Throttle" }
  | { readonly _tag: "ExpireIterator" }
  | { readonly _tag: "Fail"; readonly error: E }
  | { readonly _tag: "Hang" }
  | { readonly _tag: "LoseAnswer" }
  | { readonly _tag: "EmptyPage" }
  | { readonly _tag: "Omit"; readonly fields: ReadonlyArray<string> }

/** A fault that waits for its calls. */
export interface Fault<E> {
  readonly scope: Scope
  /** How many more calls it meets. */
  readonly times: number
  readonly action: Action<E>
}

/** A call as faults see it. `touches` says whether it concerns a shard. */
export interface Subject {
  readonly operation: Operation
  readonly stream: string | undefined
  readonly touches: (shardId: string) => boolean
}

const meets = ({ operation, shardId, stream }: Scope, subject: Subject): boolean =>
  (operation === undefined || operation === subject.operation) &&
  (stream === undefined || stream === subject.stream) &&
  (shardId === undefined || subject.touches(shardId))

/** What a call meets: at most one delay and one other fault, of each the oldest that fits. */
export interface Met<E> {
  readonly delay: number
  readonly fault: Fault<E> | undefined
  readonly left: ReadonlyArray<Fault<E>>
}

export const meet = <E>(faults: ReadonlyArray<Fault<E>>, subject: Subject): Met<E> => {
  const fitting = faults.filter(({ scope }) => meets(scope, subject))
  const delay = fitting.find(({ action }) => action._tag === "Delay")
  const fault = fitting.find(({ action }) => action._tag !== "Delay")
  const left = delay === undefined && fault === undefined ?
    faults :
    faults.flatMap((each) =>
      each !== delay && each !== fault ? [each] : each.times > 1 ? [{ ...each, times: each.times - 1 }] : []
    )
  return { delay: delay?.action._tag === "Delay" ? delay.action.millis : 0, fault, left }
}
