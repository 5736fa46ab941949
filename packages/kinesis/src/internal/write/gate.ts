/**
 * Whether requests may be sent at all. While they fail one at a time is sent, at the distance of the retry schedule; while they are refused
 * for good, at a distance that grows to half a minute.
 */
export interface Gate {
  state: "open" | "failing" | "refusing"
  /** Nothing is sent before this time. */
  until: number
  /** The request that is to find out whether others would succeed. */
  probe: number | undefined
  /** The newest request when the gate last closed: what fails of those before is no news. */
  closedAt: number
  /** Refusals in a row. */
  refusals: number
  /** When a request last succeeded. */
  succeededAt: number
  /** Records in a row that the service took for invalid although they passed all checks. */
  invalid: number
}

export const make = (): Gate => ({
  state: "open",
  until: -Infinity,
  probe: undefined,
  closedAt: 0,
  refusals: 0,
  succeededAt: -Infinity,
  invalid: 0
})

/** When a request may be sent; Infinity while the outcome of one decides. */
export const opensAt = ({ probe, state, until }: Gate): number =>
  state === "open" ? -Infinity : probe === undefined ? until : Infinity

export const sent = (self: Gate, request: number): void => {
  if (self.state !== "open") self.probe = request
}

/** A request has ended, one way or another. */
export const ended = (self: Gate, request: number): void => {
  if (self.probe === request) self.probe = undefined
}

/** A request succeeded; gives the state that is over. */
export const succeeded = (self: Gate, now: number): "failing" | "refusing" | undefined => {
  const over = self.state
  self.state = "open"
  self.succeededAt = now
  self.refusals = 0
  self.invalid = 0
  return over === "open" ? undefined : over
}

/** Whether a failure says something new of the service: the first since the gate closed, and not of a request that others have overtaken. */
export const isNews = (self: Gate, request: { readonly id: number; readonly sentAt: number }): boolean =>
  request.id > self.closedAt && self.succeededAt <= request.sentAt

/** Requests fail: the next is sent after the schedule's delay. */
export const fails = (self: Gate, newest: number, until: number): void => {
  self.state = "failing"
  self.closedAt = newest
  self.until = until
}

const shortestRestMillis = 1_000
const longestRestMillis = 30_000

/** Requests are refused; gives for how long none is sent. */
export const refuses = (self: Gate, newest: number, now: number): number => {
  const millis = Math.min(longestRestMillis, shortestRestMillis * 2 ** self.refusals)
  self.state = "refusing"
  self.refusals++
  self.closedAt = newest
  self.until = now + millis
  return millis
}

/** So many records in a row, each refused alone, are no bad records: the request itself is what the service does not take. */
const mostInvalid = 10

/** A record that was sent alone is invalid. */
export const foundInvalid = (self: Gate): void => {
  self.invalid++
}

/** Whether everything seems to be invalid. */
export const isHopeless = ({ invalid }: Gate): boolean => invalid >= mostInvalid
