const kept = 100_000

/** The newest 100,000 calls, oldest first. */
export interface CallLog<Call extends object> {
  readonly add: (call: Call) => Call
  readonly newest: () => ReadonlyArray<Call>
}

export const make = <Call extends object>(): CallLog<Call> => {
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
