const mebibyte = 1024 * 1024

/** The most that a page can have (GetRecords' documentation). */
const largestPage = 10 * mebibyte

const smallestEstimate = 64 * 1024

/** What is known of the sizes of pages: how large they have been of late, over a whole run. */
export interface RecentPages {
  readonly bytes: number
}

/** Before any page came, each may be as large as pages get. */
export const unknown: RecentPages = { bytes: largestPage }

/** A larger page counts at once, a smaller one half. */
export const after = (recent: RecentPages, bytes: number): RecentPages => ({ bytes: Math.max(bytes, recent.bytes / 2) })

/** How large a shard's next page may be: room for twice its last one, and for what pages have been of late. */
export const nextPage = (recent: RecentPages, lastBytes: number): number =>
  Math.min(largestPage, Math.max(smallestEstimate, 2 * lastBytes, recent.bytes))
