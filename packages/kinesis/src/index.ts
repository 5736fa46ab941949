/** @since 0.1.0 */
export * as KinesisApi from "./KinesisApi.js"
/** @since 0.1.0 */
export * as KinesisClient from "./KinesisClient.js"
/** @since 0.1.0 */
export * as KinesisError from "./KinesisError.js"
/** @since 0.1.0 */
export * as KinesisRecord from "./KinesisRecord.js"
/** @since 0.1.0 */
export * as Page from "./Page.js"
/** @since 0.1.0 */
export * as Position from "./Position.js"
