import type { HandlerError, KinesisError } from "../../KinesisError.js"
import type { LeaseStoreError } from "../../LeaseStoreError.js"

/** The calls that go to the stream, and those about its consumer; all others go to the lease store. */
const ofStreams: ReadonlySet<string> = new Set([
  "ListShards",
  "GetShardIterator",
  "GetRecords",
  "DescribeStreamSummary",
  "DescribeStreamConsumer",
  "RegisterStreamConsumer",
  "SubscribeToShard"
])

/** The errors of a listing if the stream is gone, or is out of reach until somebody intervenes. */
const ofListing: ReadonlySet<string> = new Set(["ResourceNotFound", "ResourceInUse", "AccessDenied", "KmsError"])

/** The errors that end the reading of a shard: a transient one has outlasted its schedule. */
const ofReading: ReadonlySet<string> = new Set([
  ...ofListing,
  "ThrottledError",
  "RequestTimeout",
  "ServiceUnavailable"
])

const isOf =
  (tags: ReadonlySet<string>) => (error: KinesisError | LeaseStoreError | HandlerError): error is KinesisError =>
    tags.has(error._tag) && "operation" in error && ofStreams.has(error.operation)

/** A listing shows that the stream is lost. */
export const isLostByListing = isOf(ofListing)

/** The reading of a shard, or the search for a stream or its consumer, shows that the stream is lost. */
export const isLostByReading = isOf(ofReading)

const firstMillis = 1_000
const longestMillis = 60_000

/** How long a lost stream is left alone before it is looked for again, without jitter. */
export const backoffMillis = (attempt: number): number =>
  Math.min(longestMillis, firstMillis * 2 ** Math.min(attempt, 16))

/** A stream that is lost again this soon was not found for good: the search continues as seldom as before. */
export const isLostAgain = (foundFor: number): boolean => foundFor < longestMillis
