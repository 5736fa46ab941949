/** @since 0.1.0 */
export * as AwsSdk from "./AwsSdk.js"
/** @since 0.1.0 */
export * as Consumer from "./Consumer.js"
/** @since 0.1.0 */
export * as FailurePolicy from "./FailurePolicy.js"
/** @since 0.1.0 */
export * as KinesisApi from "./KinesisApi.js"
/** @since 0.1.0 */
export * as KinesisClient from "./KinesisClient.js"
/** @since 0.1.0 */
export * as KinesisError from "./KinesisError.js"
/** @since 0.1.0 */
export * as KinesisEvent from "./KinesisEvent.js"
/** @since 0.1.0 */
export * as KinesisMetrics from "./KinesisMetrics.js"
/** @since 0.1.0 */
export * as KinesisRecord from "./KinesisRecord.js"
/** @since 0.1.0 */
export * as KinesisStream from "./KinesisStream.js"
/** @since 0.1.0 */
export * as LeaseBalancer from "./LeaseBalancer.js"
/** @since 0.1.0 */
export * as LeaseStore from "./LeaseStore.js"
/** @since 0.1.0 */
export * as LeaseStoreContract from "./LeaseStoreContract.js"
/** @since 0.1.0 */
export * as LeaseStoreError from "./LeaseStoreError.js"
/** @since 0.1.0 */
export * as LeaseTransition from "./LeaseTransition.js"
/** @since 0.1.0 */
export * as Page from "./Page.js"
/** @since 0.1.0 */
export * as Position from "./Position.js"
/** @since 0.1.0 */
export * as RecordDecoder from "./RecordDecoder.js"
/** @since 0.1.0 */
export * as ShardReader from "./ShardReader.js"
/** @since 0.1.0 */
export * as Until from "./Until.js"
