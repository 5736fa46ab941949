/**
 * What the command that starts a server takes, as data: for its help, and for commands that have it as a part.
 *
 * @since 0.1.0
 */

/**
 * An option of the command.
 *
 * @since 0.1.0
 * @category models
 */
export interface OptionUsage {
  /** The placeholder of its value; a switch has none. */
  readonly value?: string
  /** What it does, with its default. */
  readonly text: string
  /** Whether it may be given several times. */
  readonly isRepeated?: boolean
}

/**
 * A line that can be typed after the command's name, and what it does.
 *
 * @since 0.1.0
 * @category models
 */
export interface Example {
  /** What is typed. */
  readonly args: string
  /** What it does. */
  readonly text: string
}

/**
 * What the command does, in a sentence.
 *
 * @since 0.1.0
 * @category constants
 */
export const title = "Serve an in-memory Kinesis to programs in any language."

/**
 * What there is to know of it.
 *
 * @since 0.1.0
 * @category constants
 */
export const text: ReadonlyArray<string> = [
  "The AWS CLI and the AWS SDKs use it as they use AWS, on their defaults, once they know its address: paste the lines " +
  "that it prints.",
  "HTTP/1.1 and HTTP/2 share a port; JSON and CBOR are spoken; signatures are read and, without --verify, not checked. " +
  "Limits are those of AWS, unless --without switches them off. It answers this machine alone unless --host says " +
  "otherwise. Everything is in memory, and with --data in a folder, too. Faults are injected by POST /_admin/throttle and the like: GET /_admin lists them."
]

/**
 * The options, by name.
 *
 * @since 0.1.0
 * @category constants
 */
export const options: Readonly<Record<string, OptionUsage>> = {
  stream: {
    value: "NAME[:SHARDS]",
    isRepeated: true,
    text: "A stream that is there from the start, such as orders:4; several times for several. Default: 1 shard."
  },
  port: { value: "PORT", text: "For HTTP/1.1 and HTTP/2 without TLS; 0 is any that is free. Default: 4567." },
  tls: {
    text:
      "Listen for TLS, too, with a certificate made at the start, which is written to a file. --tls-port does so, too."
  },
  "tls-port": { value: "PORT", text: "The port of --tls; 0 is any that is free. Default: 4568." },
  host: { value: "ADDRESS", text: "Where to listen. 0.0.0.0 lets other machines in. Default: 127.0.0.1." },
  region: { value: "REGION", text: "The region of the streams that are there from the start. Default: us-east-1." },
  account: { value: "DIGITS", text: "The account in ARNs, 12 digits. Default: 000000000000." },
  latency: { value: "TIME", text: "How long each call takes, such as 20ms or 1.5s. Default: 0." },
  transition: {
    value: "TIME",
    text: "How long a stream is CREATING, UPDATING or DELETING, such as 5s. Default: 0."
  },
  without: {
    value: "LIMITS",
    text:
      "Limits of AWS that do not hold: throughput, calls, sizes, scaling, consumers, expiry, several with commas, or all."
  },
  verify: { value: "KEY:SECRET", text: "Check signatures: only this access key with this secret is let in." },
  data: { value: "FOLDER", text: "Keep streams and records in this folder, so that they survive a restart." },
  tether: { text: "End when the program that started it does, that is, when standard input closes." },
  json: { text: "Print where it listens, and at the end the summary, as one line of JSON each." }
}

/**
 * Lines that can be typed.
 *
 * @since 0.1.0
 * @category constants
 */
export const examples: ReadonlyArray<Example> = [
  { args: "--stream orders:4", text: "one stream of four shards" },
  { args: "--stream orders --latency 20ms", text: "with the delay of a network" },
  { args: "--port 0 --tether --json", text: "for a script" },
  { args: "--without all", text: "as fast as it can" }
]
