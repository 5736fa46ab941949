/** The newest calls, oldest first. */
export interface CallLog<Call extends object> {
  readonly add: (call: Call) => Call
  readonly newest: () => ReadonlyArray<Call>
}

/** Of the newest 100,000 calls, unless it is said of how many. */
export const make = <Call extends object>(kept = 100_000): CallLog<Call> => {
  let calls: Array<Call> = []
  return {
    add: (call) => {
      if (calls.length === 2 * kept) calls = calls.slice(-kept)
      calls.push(call)
      return call
    },
    newest: () => calls.slice(-kept).map((call) => ({ ...call }))
  }
}
