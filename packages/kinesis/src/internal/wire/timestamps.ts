/** Seconds since the epoch reach this in the year 5138, milliseconds did in 1973. */
const firstMilliseconds = 1e11

/** In the year 2243: the SDK's codec, which takes them for seconds, can hold no more. */
const lastMilliseconds = 8.64e12

/**
 * Instants come in seconds since the epoch or in milliseconds. In JSON AWS gives seconds, and some emulators milliseconds; in CBOR AWS gives
 * milliseconds under the tag that stands for seconds, and emulators give seconds, or no tag. Undefined for what is no instant.
 */
export const toMillis = (epoch: number): number | undefined =>
  Math.abs(epoch) < firstMilliseconds
    ? Math.round(epoch * 1000)
    : Math.abs(epoch) <= lastMilliseconds
    ? Math.round(epoch)
    : undefined

/** An instant that the SDK took for seconds. */
export const instantOf = (date: Date): Date => {
  const millis = toMillis(date.getTime() / 1000)
  if (millis === undefined) throw new Error(`the answer has an instant that is none: ${String(date)}`)
  return millis === date.getTime() ? date : new Date(millis)
}
