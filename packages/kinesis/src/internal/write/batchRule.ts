/** What decides whether a batch goes now. */
export interface Situation {
  /** It has as many records or bytes as a request is to have. */
  readonly isFull: boolean
  /** Somebody waits for it: a flush, the end of the producer, or a caller for whom there is no room. */
  readonly isUrgent: boolean
  readonly requestsUnderWay: number
  /** When the last batch went that was not full. */
  readonly lastPartialAt: number
  readonly lingerMillis: number
}

/**
 * When the batch goes: at once if it is full or urgent or if nothing is under way, otherwise some time after the last partial one, so that
 * more records join it. The answer of a slow request is not waited for.
 */
export const goesAt = (
  { isFull, isUrgent, lastPartialAt, lingerMillis, requestsUnderWay }: Situation,
  now: number
): number => isFull || isUrgent || requestsUnderWay === 0 ? now : Math.max(now, lastPartialAt + lingerMillis)
