/**
 * The in-memory Kinesis with every operation of the API, also those that `KinesisClient` does not have: what a server puts on the wire.
 *
 * @since 0.1.0
 */
export * as LocalApi from "./LocalApi.js"
/**
 * An in-memory Amazon Kinesis behind the `KinesisClient` service, on Effect's Clock, with knobs to inject faults.
 *
 * @since 0.1.0
 */
export * as LocalKinesis from "./LocalKinesis.js"
/**
 * An in-memory lease table behind the `LeaseStore` service, on Effect's Clock, with knobs to inject faults.
 *
 * @since 0.1.0
 */
export * as LocalLeaseStore from "./LocalLeaseStore.js"
/**
 * Runs programs in virtual time: the clock goes to the next sleeper as soon as no fiber can go on.
 *
 * @since 0.1.0
 */
export * as VirtualTime from "./VirtualTime.js"
