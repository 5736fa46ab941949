/**
 * What is late: the call, which takes no effect if its caller gives up before; the effect, which comes even then; or the answer, when the
 * call has taken effect.
 */
export interface Delay {
  readonly _tag: "Delay"
  readonly millis: number
  readonly of: "call" | "effect" | "answer"
}

/** What happens to a call that meets a fault, in every service. `E` is the type of its error. */
export type Action<E> =
  | Delay
  | { readonly _tag: "Fail"; readonly error: E }
  | { readonly _tag: "Hang" }
  | { readonly _tag: "LoseAnswer" }

interface Tagged {
  readonly _tag: string
}

/** A fault that waits for its calls, which `Target` selects. */
export interface Fault<Target, A extends Tagged> {
  readonly target: Target
  /** How many more calls it will meet. */
  readonly times: number
  readonly action: A
}

/** The faults of a call: at most one delay and one other fault, each time the oldest that matches. */
export interface Met<Target, A extends Tagged> {
  readonly delay: Delay | undefined
  readonly fault: Fault<Target, Exclude<A, { readonly _tag: "Delay" }>> | undefined
  readonly left: ReadonlyArray<Fault<Target, A>>
}

const isDelay = <Target, A extends Tagged>(fault: Fault<Target, A>): fault is Fault<Target, A & Delay> =>
  fault.action._tag === "Delay"

const isOther = <Target, A extends Tagged>(
  fault: Fault<Target, A>
): fault is Fault<Target, Exclude<A, { readonly _tag: "Delay" }>> => !isDelay(fault)

export const meet = <Target, A extends Tagged>(
  faults: ReadonlyArray<Fault<Target, A>>,
  fits: (target: Target) => boolean
): Met<Target, A> => {
  const fitting = faults.filter(({ target }) => fits(target))
  const delay = fitting.find(isDelay)
  const fault = fitting.find(isOther)
  const isMet = (each: Fault<Target, A>) => each === delay || each === fault
  const used = (each: Fault<Target, A>) => each.times > 1 ? [{ ...each, times: each.times - 1 }] : []
  return {
    delay: delay?.action,
    fault,
    left: fitting.length === 0 ? faults : faults.flatMap((each) => isMet(each) ? used(each) : [each])
  }
}
