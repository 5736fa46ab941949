/** No more than these are remembered. A writer has some sixteen calls under way. */
const most = 64

/** Memory of a new body is larger than asked for by this part of it, so that it will do for one that is a little larger. */
const spare = 1 / 8

/**
 * The memory of bodies whose requests were answered, the newest last. The next requests are written to it: to have so much of the system
 * takes longer than to fill it. The collector may take it at any time.
 */
export interface State {
  readonly free: Array<WeakRef<ArrayBuffer>>
}

export const make = (): State => ({ free: [] })

/** At least this many bytes, in which anything may be. */
export const take = ({ free }: State, size: number): Buffer => {
  for (let at = free.length - 1; at >= 0; at--) {
    const memory = free[at]!.deref()
    if (memory !== undefined && memory.byteLength < size) continue
    free.splice(at, 1)
    if (memory !== undefined) return Buffer.from(memory)
  }
  return Buffer.allocUnsafeSlow(size + Math.ceil(size * spare))
}

/** Gives the memory of a body back, of which nobody may read any more. */
export const giveBack = ({ free }: State, { buffer }: Buffer<ArrayBuffer>): void => {
  free.push(new WeakRef(buffer))
  if (free.length > most) free.shift()
}
