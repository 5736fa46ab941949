import { compare, once, type Pace } from "../compare.js"
import type { Server } from "../processes.js"
import * as Delay from "../server/delay.js"
import { type EventSize, shardOf } from "../server/events.js"
import type { Argument, OnceArgument } from "../subjects/fanOut.js"
import { comparison, figure, table } from "../table.js"

/** In milliseconds of CPU. */
const pace: Pace = { rounds: 9, millis: 400, warmUpMillis: 3_000 }

const subjects = "./subjects/fanOut.ts"

type Print = (text: string) => void

const sizes: ReadonlyArray<EventSize & { readonly figure: string; readonly title: string }> = [
  { figure: "efo256", title: "Events of 1,000 records of 256 bytes, TLS", records: 1_000, bytes: 256, once: undefined },
  { figure: "efo10k", title: "Events of 100 records of 10 KiB, TLS", records: 100, bytes: 10_240, once: undefined },
  { figure: "efoSmall", title: "Events of one record of 256 bytes, TLS", records: 1, bytes: 256, once: undefined }
]

const small: EventSize = { records: 1, bytes: 256, once: "silence" }

/** How much less CPU a unit takes than by the SDK. */
const lessCpu = async (
  server: Server,
  title: string,
  unit: string,
  argument: Argument,
  print: Print
): Promise<number> => {
  const compared = await compare(
    subjects,
    [
      { title: "the AWS SDK, as it comes", subject: "sdk", argument },
      { title: "KinesisClient.subscribeToShard", subject: "client", argument }
    ],
    pace,
    { certificateFile: server.certificateFile }
  )
  print(comparison(title, unit, compared))
  return 1 / compared[1]!.cpuRatio.median
}

const measured = (server: Server, argument: OnceArgument) =>
  once(subjects, argument.way, argument, { certificateFile: server.certificateFile, flags: ["--expose-gc"] })

const connectionsOf = async ({ http }: Server): Promise<number> =>
  Number(await (await fetch(`${http}/connections`)).text())

const many = 1_000

/** A thousand subscriptions at once: connections, time and memory, by the SDK and by the client. */
const opening = async (server: Server, print: Print): Promise<Record<string, number>> => {
  const of = async (way: string) => {
    const before = await connectionsOf(server)
    const result = await measured(server, { url: server.https, shardId: shardOf(small), way, subscriptions: many })
    return { result, connections: await connectionsOf(server) - before }
  }
  const sdk = await of("sdk")
  const client = await of("client")
  print(table(
    "1,000 subscriptions, until each had its first event, TLS",
    ["", "connections", "seconds", "ms CPU each", "MB held"],
    ([["the AWS SDK, as it comes", sdk], ["KinesisClient.subscribeToShard", client]] as const).map(
      ([title, { connections, result }]) => [
        title,
        figure(connections),
        figure(result["wallMillis"]! / 1000),
        figure(result["cpuMillis"]!),
        figure(result["megabytes"]!)
      ]
    )
  ))
  return {
    connections: sdk.connections / client.connections,
    heldMemory: sdk.result["megabytes"]! / client.result["megabytes"]!
  }
}

/** A shard gives 2 MB a second: whether they come over a long way. */
const distant = async (server: Server, print: Print): Promise<Record<string, number>> => {
  const { stop, url } = await Delay.start(server.https, 100)
  const of = async (way: string) => {
    const size: EventSize = { records: 100, bytes: 2_048, once: undefined }
    const argument = { url, shardId: shardOf(size), way, wallMillis: 5_000, recordBytes: size.bytes }
    return (await measured(server, argument))["megabytesASecond"]!
  }
  const sdk = await of("sdk")
  const client = await of("client")
  stop()
  print(table("One subscription over 100 ms of round trip, TLS", ["", "MB/s"], [
    ["the AWS SDK, as it comes", figure(sdk)],
    ["KinesisClient.subscribeToShard", figure(client)]
  ]))
  return { distantSdk: sdk, distant: client }
}

/** Enhanced fan-out by the client, against the loop that everyone writes: how much less CPU a record and a subscription take. */
export const fanOut = async (server: Server, print: Print): Promise<Record<string, number>> => {
  const figures: Record<string, number> = {}
  for (const { figure, title, ...size } of sizes) {
    figures[figure] = await lessCpu(server, title, "records", { url: server.https, shardId: shardOf(size) }, print)
  }
  const renewing = { url: server.https, shardId: shardOf({ ...small, once: "end" }), renews: true }
  figures["renewal"] = await lessCpu(
    server,
    "Subscribing again, until the first event, TLS",
    "renewals",
    renewing,
    print
  )
  return { ...figures, ...await opening(server, print), ...await distant(server, print) }
}
