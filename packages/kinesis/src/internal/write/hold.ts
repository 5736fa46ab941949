/** How long nothing is sent to where entries of a request failed. */
export interface Hold {
  /** Nothing is sent before this time. */
  until: number
  /** Requests in a row of which no entry was written. */
  misses: number
}

const shortestMillis = 100
const longestMillis = 2_000

export const make = (): Hold => ({ until: -Infinity, misses: 0 })

/** Some entry of a request was written. */
export const succeeded = (self: Hold): void => {
  self.misses = 0
}

/** Some entry of a request failed: nothing is sent for a while, longer each time in a row. `jitter` lies between 0 and 1. */
export const failed = (self: Hold, now: number, jitter: number): void => {
  const millis = Math.min(longestMillis, shortestMillis * 2 ** self.misses) * (0.75 + jitter / 2)
  self.misses++
  self.until = Math.max(self.until, now + millis)
}
