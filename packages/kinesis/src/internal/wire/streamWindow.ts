const least = 64 * 1024
const most = 1024 * 1024

/** The largest power of two that is no larger. */
const powerBelow = (value: number): number => 2 ** Math.floor(Math.log2(value))

const within = (bytes: number): number => Math.min(most, Math.max(least, powerBelow(bytes)))

/** The window of the first streams. */
export const initial = most

/**
 * How many bytes of each stream may be on the way, or wait here. Together the streams take half of the budget, until each has the least;
 * 1 MiB carries a shard's 2 MB of records a second over 100 ms of round trip, which are up to 4 MB of JSON, since the peer hears of room when
 * half of the window has been read. The window shrinks at once, and grows when there is room for twice as much, so that streams which come and
 * go do not change it.
 */
export const next = (current: number, budgetBytes: number, streams: number): number => {
  const share = budgetBytes / 2 / Math.max(1, streams)
  const fitting = within(share)
  return fitting < current ? fitting : Math.max(current, within(share / 2))
}
