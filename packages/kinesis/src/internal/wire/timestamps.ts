/** Seconds since the epoch reach this value in the year 5138, milliseconds did in 1973. */
const firstMilliseconds = 1e11

/** In the year 2243: the largest value that the SDK's codec, which takes them for seconds, can represent. */
const lastMilliseconds = 8.64e12

/**
 * Timestamps are in seconds or milliseconds since the epoch. In JSON, AWS sends seconds and some emulators milliseconds; in CBOR, AWS sends
 * milliseconds under the tag for seconds, and emulators send seconds, or no tag. Undefined if it is not a timestamp.
 */
export const toMillis = (epoch: number): number | undefined =>
  Math.abs(epoch) < firstMilliseconds
    ? Math.round(epoch * 1000)
    : Math.abs(epoch) <= lastMilliseconds
    ? Math.round(epoch)
    : undefined

/** A timestamp that the SDK took for seconds. */
export const instantOf = (date: Date): Date => {
  const millis = toMillis(date.getTime() / 1000)
  if (millis === undefined) throw new Error(`invalid timestamp in the answer: ${String(date)}`)
  return millis === date.getTime() ? date : new Date(millis)
}
