/**
 * The in-memory Kinesis on the wire: any program in any language uses it as it would use AWS.
 *
 * @since 0.1.0
 */
export * as KinesisServer from "./KinesisServer.js"
