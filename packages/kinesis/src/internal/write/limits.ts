/** What the service takes: https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html */

/** The most entries of a PutRecords request. */
export const requestRecords = 500

export const mebibyte = 1024 * 1024

/** The most bytes of a PutRecords request, partition keys included. */
export const requestBytes = 10 * mebibyte

/** The most bytes of a record with its partition key, unless the stream says otherwise. */
export const recordBytes = mebibyte

/** The most that a stream can be told to take of one record. */
export const largestRecordBytes = 10 * mebibyte

/** The most characters of a partition key. */
export const keyCharacters = 256

/** What a shard takes per second from all its writers together. */
export const shardRecordsPerSecond = 1000
export const shardBytesPerSecond = mebibyte
