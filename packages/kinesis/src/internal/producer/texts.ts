import { messageOf } from "../text/describe.js"
import type { FailureReason, Trouble } from "../write/entry.js"

/** Why a record was given up, in a few words. */
const reasons: Readonly<Record<FailureReason, string>> = {
  encode: "cannot be encoded",
  invalid: "is not taken by the service",
  refused: "is refused, as all of this producer are",
  expired: "could not be written before its deadline (recordDeadline)",
  exhausted: "was given up, since requests fail for longer than retry says",
  unanswered: "was in a request without an answer, and is not repeated (onUnknown)",
  predecessor: "was not sent, since an earlier one of its key failed (onFailure)",
  closed: "was not written before the producer was closed"
}

interface Put {
  readonly stream: string
  readonly reason: FailureReason
  readonly written: "no" | "unknown"
  readonly attempts: number
  readonly description: string
}

const attempted = (attempts: number): string =>
  attempts === 0 ? "" : ` after ${attempts === 1 ? "1 attempt" : `${attempts} attempts`}`

export const putMessage = ({ attempts, description, reason, stream, written }: Put): string => {
  const fate = written === "unknown" ? "; it may have been written" : ""
  return `a record for ${stream} ${reasons[reason]}${attempted(attempts)}${fate}${
    description === "" ? "" : `: ${description}`
  }`
}

interface PutAll {
  readonly stream: string
  readonly outcomes: ReadonlyArray<unknown>
  readonly failed: ReadonlyArray<{ readonly message: string }>
}

export const putAllMessage = ({ failed, outcomes, stream }: PutAll): string =>
  `${failed.length} of ${outcomes.length} records for ${stream} were given up, the first: ${failed[0]?.message ?? ""}`

/** What an attempt failed with, in words. */
export const ofTrouble = (trouble: unknown): string => {
  if (trouble === undefined) return ""
  const { _tag, code, message } = trouble as Partial<Extract<Trouble, { readonly _tag: "EntryFailed" }>>
  return _tag === "EntryFailed" ? `${code}: ${message}` : messageOf(trouble)
}
