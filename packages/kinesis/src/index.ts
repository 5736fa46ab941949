/**
 * For the packages beside this one that call another service of AWS through the AWS SDK, such as `@effect-kinesis/dynamodb`: clients, typed
 * errors and checks of options that are the same as those of `KinesisClient`.
 *
 * @since 0.1.0
 */
export * as AwsSdk from "./AwsSdk.js"
/**
 * One worker of a group that shares the shards of a stream through leases: each shard is read by one worker at a time, parents before
 * children, and resumes at the last stored checkpoint.
 *
 * @since 0.1.0
 */
export * as Consumer from "./Consumer.js"
/**
 * What to do with records whose handler failed, or that could not be decoded.
 *
 * @since 0.1.0
 */
export * as FailurePolicy from "./FailurePolicy.js"
/**
 * The consumers of a stream, for enhanced fan-out: names under which one program at a time subscribes to each shard, with 2 MiB a second of its
 * own.
 *
 * @since 0.1.0
 */
export * as FanOut from "./FanOut.js"
/**
 * The requests and answers of the Kinesis operations that the client offers, in the API's own terms.
 *
 * @since 0.1.0
 */
export * as KinesisApi from "./KinesisApi.js"
/**
 * Kinesis as a service of typed operations: the seam between this library and the network.
 *
 * @since 0.1.0
 */
export * as KinesisClient from "./KinesisClient.js"
/**
 * What can go wrong, by what the caller can do about it.
 *
 * @since 0.1.0
 */
export * as KinesisError from "./KinesisError.js"
/**
 * What happens to a reader, and to a worker of a group: the source of its metrics, and of whatever view or log a program makes of it.
 *
 * @since 0.1.0
 */
export * as KinesisEvent from "./KinesisEvent.js"
/**
 * What readers, workers and decoders count.
 *
 * @since 0.1.0
 */
export * as KinesisMetrics from "./KinesisMetrics.js"
/**
 * A record as it is read from a shard.
 *
 * @since 0.1.0
 */
export * as KinesisRecord from "./KinesisRecord.js"
/**
 * Reads every shard of a stream, without a group and without stored state: parents before children, across any reshard.
 *
 * @since 0.1.0
 */
export * as KinesisStream from "./KinesisStream.js"
/**
 * Which worker should have which lease.
 *
 * @since 0.1.0
 */
export * as LeaseBalancer from "./LeaseBalancer.js"
/**
 * Where the workers of an application agree on who reads which shard, and from where each shard is read on: a table of leases with
 * conditional writes.
 *
 * @since 0.1.0
 */
export * as LeaseStore from "./LeaseStore.js"
/**
 * What every implementation of `LeaseStore` must do: test cases for any test runner.
 *
 * @since 0.1.0
 */
export * as LeaseStoreContract from "./LeaseStoreContract.js"
/**
 * The errors of lease stores of every kind, classified by what can be done about them.
 *
 * @since 0.1.0
 */
export * as LeaseStoreError from "./LeaseStoreError.js"
/**
 * How each write of a `LeaseStore` changes a row: for implementations whose table evaluates conditions itself, and that inspect the row
 * after a condition failed. `LeaseStore.fromTable` is all that other tables need.
 *
 * @since 0.1.0
 */
export * as LeaseTransition from "./LeaseTransition.js"
/**
 * What one GetRecords call brought: the unit of fetching, retry, metrics and flow control.
 *
 * @since 0.1.0
 */
export * as Page from "./Page.js"
/**
 * Where a shard's reader stands, or where it is to begin.
 *
 * @since 0.1.0
 */
export * as Position from "./Position.js"
/**
 * Writes records to a stream, so that each has one outcome, told once: a receipt, or an error that says whether it may have been written.
 *
 * @since 0.1.0
 */
export * as Producer from "./Producer.js"
/**
 * What a producer's records fail with. Each says whether the record may be in the stream all the same.
 *
 * @since 0.1.0
 */
export * as ProducerError from "./ProducerError.js"
/**
 * What happens to a producer, for a view, a log or an alert. Its metrics count the same.
 *
 * @since 0.1.0
 */
export * as ProducerEvent from "./ProducerEvent.js"
/**
 * Turns records into values, up to 256 records at a time.
 *
 * @since 0.1.0
 */
export * as RecordDecoder from "./RecordDecoder.js"
/**
 * Turns values into records to write: the twins of the decoders.
 *
 * @since 0.1.0
 */
export * as RecordEncoder from "./RecordEncoder.js"
/**
 * Decodes and encodes by an Effect Schema with generated code, some 2 to 15 times faster than Effect's own parser, with the same results.
 *
 * @since 0.1.0
 */
export * as SchemaCompiler from "./SchemaCompiler.js"
/**
 * Reads one shard, from a position to its end or until it should stop.
 *
 * @since 0.1.0
 */
export * as ShardReader from "./ShardReader.js"
/**
 * When to stop reading: one value for the library and the command line.
 *
 * @since 0.1.0
 */
export * as Until from "./Until.js"
