import type { Operation } from "effect-kinesis/KinesisClient"

/** One call and what became of it. */
export interface Call {
  readonly operation: Operation
  readonly at: number
  readonly request: object
  readonly stream: string | undefined
  readonly shardId: string | undefined
  outcome: string
}

const kept = 100_000

/** The newest 100,000 calls, oldest first. */
export const make = () => {
  let calls: Array<Call> = []
  return {
    add: (call: Call): Call => {
      if (calls.length === 2 * kept) calls = calls.slice(-kept)
      calls.push(call)
      return call
    },
    newest: (): ReadonlyArray<Call> => calls.slice(-kept).map((call) => ({ ...call }))
  }
}
