/** @since 0.1.0 */
export * as DynamoDbLeaseStore from "./DynamoDbLeaseStore.js"
