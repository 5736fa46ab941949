/** What goes wrong on the wire. */
export type WireFault =
  /** The answer breaks off in the middle. */
  | { readonly kind: "cut" }
  /** The connection is reset in place of an answer; `before` it takes effect, or after. */
  | { readonly kind: "drop"; readonly before: boolean }
  /** The answer is the last of its connection. */
  | { readonly kind: "goAway" }

/** A fault that waits for its calls: those of an operation, or any. */
export interface Waiting {
  readonly fault: WireFault
  readonly operation: string | undefined
  readonly times: number
}

/** The fault of a call, the oldest that fits, and those that wait on. */
export interface Met {
  readonly fault: WireFault | undefined
  readonly left: ReadonlyArray<Waiting>
}

export const meet = (waiting: ReadonlyArray<Waiting>, operation: string): Met => {
  const met = waiting.find((each) => each.operation === undefined || each.operation === operation)
  if (met === undefined) return { fault: undefined, left: waiting }
  return {
    fault: met.fault,
    left: waiting.flatMap((each) => each !== met ? [each] : each.times > 1 ? [{ ...each, times: each.times - 1 }] : [])
  }
}
