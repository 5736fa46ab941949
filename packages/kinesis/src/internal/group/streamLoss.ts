import type { HandlerError, KinesisError } from "../../KinesisError.js"
import type { LeaseStoreError } from "../../LeaseStoreError.js"

/** The calls that go to the stream; all others go to the lease store. */
const ofStreams: ReadonlySet<string> = new Set([
  "ListShards",
  "GetShardIterator",
  "GetRecords",
  "DescribeStreamSummary"
])

/** What a listing fails with when the stream is gone, or is out of reach until somebody does something about it. */
const ofListing: ReadonlySet<string> = new Set(["ResourceNotFound", "ResourceInUse", "AccessDenied", "KmsError"])

/** What reading a shard ends with: a reason that may pass has outlasted the schedule for it. */
const ofReading: ReadonlySet<string> = new Set([
  ...ofListing,
  "ThrottledError",
  "RequestTimeout",
  "ServiceUnavailable"
])

const isOf =
  (tags: ReadonlySet<string>) => (error: KinesisError | LeaseStoreError | HandlerError): error is KinesisError =>
    tags.has(error._tag) && "operation" in error && ofStreams.has(error.operation)

/** A listing says that the stream is lost. */
export const isLostByListing = isOf(ofListing)

/** The reading of a shard, or the search for a stream, says that it is lost. */
export const isLostByReading = isOf(ofReading)

const firstMillis = 1_000
const longestMillis = 60_000

/** How long a lost stream is left alone before it is looked for again, without jitter. */
export const backoffMillis = (attempt: number): number =>
  Math.min(longestMillis, firstMillis * 2 ** Math.min(attempt, 16))

/** One that is lost again so soon was not found for good: it is looked for as seldom as before. */
export const isLostAgain = (foundFor: number): boolean => foundFor < longestMillis
