/**
 * The leases of an application in a DynamoDB table of the Kinesis Client Library's own format (KCL 2 and 3): an application moves from it
 * to this library and back without losing its place. The [guide to the
 * table](https://github.com/effect-kinesis/effect-kinesis/blob/main/docs/leases-table.md) has its definition, the permissions and the steps.
 *
 * @since 0.1.0
 */
export * as DynamoDbLeaseStore from "./DynamoDbLeaseStore.js"
