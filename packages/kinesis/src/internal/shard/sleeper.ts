/** Who is to be woken when. Those of one millisecond lie in one bucket, in the order in which they went to sleep. */
export interface Sleeper<A> {
  readonly buckets: Map<number, Array<A>>
  /** The times that have a bucket: a binary heap, the earliest first. */
  readonly times: Array<number>
}

export const make = <A>(): Sleeper<A> => ({ buckets: new Map(), times: [] })

/** Sleeps until this time, in milliseconds, rounded up. */
export const add = <A>({ buckets, times }: Sleeper<A>, at: number, sleeper: A): void => {
  const time = Math.ceil(at)
  const bucket = buckets.get(time)
  if (bucket !== undefined) {
    bucket.push(sleeper)
    return
  }
  buckets.set(time, [sleeper])
  rise(times, time)
}

/** When the first one is to be woken; never if nobody sleeps. */
export const nextAt = <A>({ times }: Sleeper<A>): number => times[0] ?? Infinity

/** Wakes those whose time has come, but no more than so many: the earlier first. */
export const due = <A>({ buckets, times }: Sleeper<A>, now: number, most = Infinity): ReadonlyArray<A> => {
  const woken: Array<A> = []
  while (woken.length < most && times.length > 0 && times[0]! <= now) {
    const [time] = times as [number]
    const bucket = buckets.get(time)!
    for (const sleeper of bucket.splice(0, most - woken.length)) woken.push(sleeper)
    if (bucket.length > 0) break
    buckets.delete(time)
    sink(times)
  }
  return woken
}

/** Wakes all. */
export const clear = <A>(self: Sleeper<A>): ReadonlyArray<A> => due(self, Infinity)

/** Adds a time to the heap. */
const rise = (times: Array<number>, time: number): void => {
  let at = times.length
  while (at > 0) {
    const above = (at - 1) >> 1
    if (times[above]! <= time) break
    times[at] = times[above]!
    at = above
  }
  times[at] = time
}

/** Removes the earliest time from the heap. */
const sink = (times: Array<number>): void => {
  const last = times.pop()!
  if (times.length === 0) return
  let at = 0
  for (let below = 1; below < times.length; below = 2 * at + 1) {
    if (below + 1 < times.length && times[below + 1]! < times[below]!) below++
    if (times[below]! >= last) break
    times[at] = times[below]!
    at = below
  }
  times[at] = last
}
