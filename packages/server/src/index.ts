/**
 * The in-memory Kinesis on the wire: any program in any language uses it as it would use AWS.
 *
 * @since 0.1.0
 */
export * as KinesisServer from "./KinesisServer.js"
/**
 * The command that starts a server: what `kinesis-server` and `kinesis serve` do.
 *
 * @since 0.1.0
 */
export * as ServerCommand from "./ServerCommand.js"
/**
 * What the command that starts a server takes, as data: for its help, and for commands that have it as a part.
 *
 * @since 0.1.0
 */
export * as ServerUsage from "./ServerUsage.js"
