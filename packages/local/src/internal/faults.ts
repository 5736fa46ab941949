/** What becomes of a call that a fault meets, in every service. `E` is what it fails with. */
export type Action<E> =
  | { readonly _tag: "Delay"; readonly millis: number }
  | { readonly _tag: "Fail"; readonly error: E }
  | { readonly _tag: "Hang" }
  | { readonly _tag: "LoseAnswer" }

interface Tagged {
  readonly _tag: string
}

/** A fault that waits for its calls. `Scope` says which. */
export interface Fault<Scope, A extends Tagged> {
  readonly scope: Scope
  /** How many more calls it meets. */
  readonly times: number
  readonly action: A
}

/** What a call meets: at most one delay and one other fault, of each the oldest that fits. */
export interface Met<Scope, A extends Tagged> {
  /** In milliseconds. */
  readonly delay: number
  readonly fault: Fault<Scope, Exclude<A, { readonly _tag: "Delay" }>> | undefined
  readonly left: ReadonlyArray<Fault<Scope, A>>
}

type Delay = Extract<Action<never>, { readonly _tag: "Delay" }>

const isDelay = <Scope, A extends Tagged>(fault: Fault<Scope, A>): fault is Fault<Scope, A & Delay> =>
  fault.action._tag === "Delay"

const isOther = <Scope, A extends Tagged>(
  fault: Fault<Scope, A>
): fault is Fault<Scope, Exclude<A, { readonly _tag: "Delay" }>> => !isDelay(fault)

export const meet = <Scope, A extends Tagged>(
  faults: ReadonlyArray<Fault<Scope, A>>,
  fits: (scope: Scope) => boolean
): Met<Scope, A> => {
  const fitting = faults.filter(({ scope }) => fits(scope))
  const delay = fitting.find(isDelay)
  const fault = fitting.find(isOther)
  const isMet = (each: Fault<Scope, A>) => each === delay || each === fault
  const used = (each: Fault<Scope, A>) => each.times > 1 ? [{ ...each, times: each.times - 1 }] : []
  return {
    delay: delay?.action.millis ?? 0,
    fault,
    left: fitting.length === 0 ? faults : faults.flatMap((each) => isMet(each) ? used(each) : [each])
  }
}
