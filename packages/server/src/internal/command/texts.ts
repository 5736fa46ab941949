import type { LocalKinesis } from "@effect-kinesis/local"
import type { Service, StreamInRegion } from "../../KinesisServer.js"
import * as Usage from "../../ServerUsage.js"
import type { Counts } from "../state.js"

const width = 80

const wrap = (text: string, columns: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  for (const word of text.split(" ")) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

const optionLines = (): ReadonlyArray<string> => {
  const entries = Object.entries<Usage.OptionUsage>({
    ...Usage.options,
    help: { text: "This text." },
    version: { text: "The version." }
  })
  const labels = entries.map(([name, { value }]) => `  --${name}${value === undefined ? "" : ` ${value}`}`)
  const indent = Math.max(...labels.map(({ length }) => length)) + 2
  return entries.flatMap(([, { text }], index) =>
    wrap(text, width - indent).map((line, row) => `${(row === 0 ? labels[index]! : "").padEnd(indent)}${line}`)
  )
}

/** The text of `--help`. */
export const help = (command: string): string => {
  const widest = Math.max(...Usage.examples.map(({ args }) => args.length))
  return [
    `${command} [options]`,
    "",
    ...wrap(Usage.title, width),
    "",
    ...Usage.examples.map(({ args, text }) => `  ${command} ${args.padEnd(widest)}  ${text}`),
    "",
    ...Usage.text.flatMap((paragraph) => [...wrap(paragraph, width), ""]),
    "Options",
    ...optionLines(),
    "",
    "Exit code: 0 it ended with its parent; 1 it could not listen, or not use the",
    "folder; 2 the command line is wrong; 130 ended by Ctrl-C, 143 by SIGTERM, both",
    "after the summary."
  ].join("\n")
}

/** What a program has to be told. */
export interface Started {
  readonly server: Service
  readonly streams: ReadonlyArray<StreamInRegion>
  /** Where the certificate was written; undefined without TLS. */
  readonly certificateFile: string | undefined
}

/** In groups of three digits. `Intl` would do it, but loads 7 MiB of data at its first use. */
const grouped = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ",")

const plural = (count: number, one: string): string => `${grouped(count)} ${one}${count === 1 ? "" : "s"}`

const shards = ({ name, shardCount }: StreamInRegion): string => `${name} (${plural(shardCount, "shard")})`

/** A line for the home region, and for each other that has streams. */
const regionLines = ({ server: { clientOptions: { region: home } }, streams }: Started): ReadonlyArray<string> => {
  const regions = [...new Set([home, ...streams.map(({ region }) => region)])]
  return regions.map((region) => {
    const there = streams.filter((stream) => stream.region === region)
    return `# in ${region}: ${there.length === 0 ? "no streams yet" : there.map(shards).join(", ")}`
  })
}

/** Of the streams that were asked for, those that the data has with another number of shards: they are as they were. */
export const kept = (
  asked: ReadonlyArray<LocalKinesis.StreamOptions>,
  { server: { clientOptions: { region: home } }, streams }: Started
): ReadonlyArray<string> =>
  asked.flatMap(({ name, shardCount = 1 }) => {
    const there = streams.find((stream) => stream.region === home && stream.name === name)
    return there === undefined || there.shardCount === shardCount ? [] : [
      `${name} is in the data, with ${
        plural(there.shardCount, "shard")
      }: --stream ${name}:${shardCount} changes nothing; ` +
      "name another --data folder, or call UpdateShardCount"
    ]
  })

/** The variables that the AWS CLI and the AWS SDKs read. */
export const variables = (
  { certificateFile, server: { clientOptions: { credentials, endpoint, region } } }: Started
): ReadonlyArray<readonly [name: string, value: string]> => [
  ["AWS_ENDPOINT_URL_KINESIS", endpoint],
  ["AWS_REGION", region],
  ["AWS_DEFAULT_REGION", region],
  ["AWS_ACCESS_KEY_ID", credentials.accessKeyId],
  ["AWS_SECRET_ACCESS_KEY", credentials.secretAccessKey],
  ...(certificateFile === undefined
    ? []
    : [["AWS_CA_BUNDLE", certificateFile], ["NODE_EXTRA_CA_CERTS", certificateFile]] as const)
]

/** As a shell reads it. */
const quoted = (value: string): string => /^[\w.:/@%+=,-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`

/** What is printed when it listens. Its lines are those of a shell. */
export const started = (started: Started): string => {
  const { server: { endpoint, tlsEndpoint } } = started
  return [
    `# Kinesis listens on ${endpoint}${tlsEndpoint === undefined ? "" : ` and ${tlsEndpoint}`}; Ctrl-C ends it`,
    ...regionLines(started),
    "# for the AWS CLI, and the SDKs for C++, Go 2, Java 2, JavaScript 3, .NET, PHP, Python, Ruby and Rust:",
    ...variables(started).map(([name, value]) => `export ${name}=${quoted(value)}`),
    ...(tlsEndpoint === undefined ? [] : [
      "# over TLS, in place of the first of them:",
      `# export AWS_ENDPOINT_URL_KINESIS=${tlsEndpoint}`
    ])
  ].join("\n")
}

/** The same as a line of JSON. */
export const startedJson = (started: Started): string =>
  JSON.stringify({
    endpoint: started.server.endpoint,
    tlsEndpoint: started.server.tlsEndpoint,
    certificateFile: started.certificateFile,
    region: started.server.clientOptions.region,
    streams: started.streams.filter(({ region }) => region === started.server.clientOptions.region).map(({ name }) =>
      name
    ),
    variables: Object.fromEntries(variables(started))
  })

const time = (millis: number): string => {
  const seconds = Math.round(millis / 1000)
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`
}

/** What it did, in a line. */
export const summary = ({ recordsRead, recordsWritten, refused, requests }: Counts, millis: number): string =>
  `${plural(requests, "request")} in ${time(millis)}, ${grouped(refused)} refused; ` +
  `${plural(recordsWritten, "record")} written, ${grouped(recordsRead)} read`
