import { encode } from "cbor-x"
import type { IncomingMessage, ServerResponse } from "node:http"
import * as Http from "node:http"
import * as Http2 from "node:http2"
import type { AddressInfo, Server } from "node:net"
import { generate } from "selfsigned"
import { accepted, eventOf, type EventSize, sizeOf } from "./events.js"
import { getRecordsCbor, getRecordsJson, iteratorOf, type PageSize, pageSizes } from "./pages.js"
import { entriesOf, putRecordsCbor, putRecordsJson } from "./results.js"

/** The addresses of the server. */
export interface Addresses {
  /** HTTP/1.1. */
  readonly http: string
  /** HTTP/2 without TLS. */
  readonly h2c: string
  /** HTTP/1.1 and HTTP/2 over TLS, as the client asks. */
  readonly https: string
  /** The certificate, for NODE_EXTRA_CA_CERTS. */
  readonly certificate: string
}

const shards = {
  Shards: [{
    ShardId: "shardId-000000000000",
    HashKeyRange: { StartingHashKey: "0", EndingHashKey: "340282366920938463463374607431768211455" },
    SequenceNumberRange: { StartingSequenceNumber: "49590338271490256608559692538361571095921575989136588898" }
  }]
}

type Encoding = "json" | "cbor"

const contentTypes = { json: "application/x-amz-json-1.1", cbor: "application/x-amz-cbor-1.1" }

const made = new Map<string, Buffer>()

const onceMade = (key: string, make: () => Buffer): Buffer => {
  const known = made.get(key) ?? make()
  made.set(key, known)
  return known
}

const pageOf = (size: PageSize, encoding: Encoding): Buffer =>
  onceMade(`${size.name}/${encoding}`, () => encoding === "cbor" ? getRecordsCbor(size) : getRecordsJson(size))

/** A stream of one shard, whose records its writers distribute. */
const summary = {
  StreamDescriptionSummary: {
    StreamName: "orders",
    StreamARN: "arn:aws:kinesis:us-east-1:000000000000:stream/orders",
    StreamStatus: "ACTIVE",
    RetentionPeriodHours: 24,
    StreamCreationTimestamp: 1_700_000_000,
    OpenShardCount: 1,
    EnhancedMonitoring: [],
    RecordDistributionStrategy: "USER_PARTITION_KEY"
  }
}

/** The path of an endpoint to which requests of any size are written, all to one shard. */
const countedPath = "/counted"

/** Elsewhere the path of an endpoint says how many records each of its writes has, such as `/500`; they go to eight shards. */
const resultsOf = (path: string | undefined, encoding: Encoding, request: Buffer): Buffer => {
  const isCounted = path!.startsWith(countedPath)
  const records = isCounted ? entriesOf(request) : Number(/\d+/.exec(path!))
  const shards = isCounted ? 1 : 8
  return onceMade(
    `${records}/${shards}/${encoding}`,
    () => encoding === "cbor" ? putRecordsCbor(records, shards) : putRecordsJson(records, shards)
  )
}

const answerOf = (operation: string | undefined, encoding: Encoding, request: Buffer): Buffer => {
  const written = (value: object) => encoding === "cbor" ? encode(value) : Buffer.from(JSON.stringify(value))
  if (operation === "ListShards") return written(shards)
  if (operation === "DescribeStreamSummary") return written(summary)
  const size = pageSizes.find(({ name }) => request.includes(name))!
  return operation === "GetShardIterator" ? written({ ShardIterator: iteratorOf(size) }) : pageOf(size, encoding)
}

/** Events of one size, one after the other, as fast as they are taken; or one of them, and then silence. */
const push = (response: ServerResponse, size: EventSize): void => {
  const event = onceMade(`event/${size.records}/${size.bytes}`, () => eventOf(size))
  const pour = (): void => {
    while (!response.destroyed && !response.writableEnded) {
      if (!response.write(event)) return void response.once("drain", pour)
    }
  }
  response.on("error", () => undefined)
  response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" })
  response.write(accepted)
  if (size.once === undefined) pour()
  else if (size.once === "silence") response.write(event)
  else response.end(event)
}

/** Connections by TLS that were ever made. */
let connections = 0

const serve = (request: IncomingMessage, response: ServerResponse): void => {
  if (request.url === "/connections") return void response.end(String(connections))
  const operation = String(request.headers["x-amz-target"]).split(".").at(-1)
  const isWrite = operation === "PutRecords"
  const chunks: Array<Buffer> = []
  request.on("data", (chunk: Buffer) => {
    if (!isWrite || request.url!.startsWith(countedPath)) chunks.push(chunk)
  })
  request.on("end", () => {
    if (operation === "SubscribeToShard") {
      return push(response, sizeOf(JSON.parse(Buffer.concat(chunks).toString()).ShardId))
    }
    const encoding = String(request.headers["content-type"]).includes("cbor") ? "cbor" : "json"
    const sent = Buffer.concat(chunks)
    const body = isWrite ? resultsOf(request.url, encoding, sent) : answerOf(operation, encoding, sent)
    response.writeHead(200, {
      "content-type": contentTypes[encoding],
      "content-length": body.length,
      "x-amzn-requestid": "c5d1d6a2-0000-4000-8000-000000000000"
    })
    response.end(body)
  })
}

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)))

/** Answers each call with the same bytes each time, so that it costs as little as a server can. */
const start = async (): Promise<Addresses> => {
  const { cert, private: key } = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "rsa",
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }, { type: 7, ip: "127.0.0.1" }] }]
  } as never)
  const http = Http.createServer(serve)
  const h2c = Http2.createServer({}, serve as never)
  const https = Http2.createSecureServer({ cert, key, allowHTTP1: true }, serve as never)
  http.keepAliveTimeout = 60_000
  https.on("secureConnection", () => connections++)
  for (const server of [h2c, https]) server.on("sessionError", () => undefined)
  return {
    http: `http://127.0.0.1:${await listen(http)}`,
    h2c: `http://127.0.0.1:${await listen(h2c)}`,
    https: `https://127.0.0.1:${await listen(https)}`,
    certificate: cert
  }
}

process.on("disconnect", () => process.exit(0))
process.send!(await start())
