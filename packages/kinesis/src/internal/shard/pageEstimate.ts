const mebibyte = 1024 * 1024

/** The maximum size of a page (documentation of GetRecords). */
const largestPage = 10 * mebibyte

const smallestEstimate = 64 * 1024

/** An estimate of the size of pages: how large they have been recently, over a whole run. */
export interface RecentPages {
  readonly bytes: number
}

/** Before the first page, each may have the maximum size. */
export const unknown: RecentPages = { bytes: largestPage }

/** A larger page counts at once, a smaller one half. */
export const after = (recent: RecentPages, bytes: number): RecentPages => ({ bytes: Math.max(bytes, recent.bytes / 2) })

/** How large a shard's next page may be: twice the size of its last one, and at least the size of recent pages. */
export const nextPage = (recent: RecentPages, lastBytes: number): number =>
  Math.min(largestPage, Math.max(smallestEstimate, 2 * lastBytes, recent.bytes))
