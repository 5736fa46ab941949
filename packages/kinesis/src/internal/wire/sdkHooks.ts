import * as Sdk from "@aws-sdk/client-kinesis"
import * as Cbor from "@smithy/core/cbor"
import * as Schema from "@smithy/core/schema"
import * as Effect from "effect/Effect"
import * as Answers from "./answers.js"

/** What writes and reads bodies by their schemas. */
export interface Codec {
  createSerializer(): any
  createDeserializer(): any
  setSerdeContext(context: any): void
}

/** A protocol of the SDK, as far as ours extend it. */
export interface SdkProtocol {
  getPayloadCodec(): any
  getRequestType(): new(options: any) => any
  setSerdeContext(context: any): void
  deserializeMetadata(response: any): Sdk.GetRecordsCommandOutput["$metadata"]
  serializeRequest(operation: any, input: any, context: any): Promise<any>
  deserializeResponse(operation: any, context: any, response: any): Promise<any>
}

/** The class of a protocol, which the SDK instantiates. */
export type ProtocolClass = new(settings: any) => SdkProtocol

/** How calls are written. */
export type Encoding = "json" | "cbor"

/** The SDK as it is installed, as far as more of it is used than its public interface. */
export interface Parts {
  /** The module of the client. */
  readonly kinesis: object
  /** The module of the codec of CBOR. */
  readonly cbor: object
  /** The module of the schemas. */
  readonly schema: object
  /** A new client, to look at. It sends nothing. */
  readonly client: (settings?: object) => any
}

const idle = { metadata: { handlerProtocol: "http/1.1" }, handle: () => Promise.reject(new Error("sends nothing")) }

/** The SDK that this package is installed with. */
export const installed: Parts = {
  kinesis: Sdk,
  cbor: Cbor,
  schema: Schema,
  client: (settings) =>
    new Sdk.KinesisClient({
      region: "us-east-1",
      credentials: { accessKeyId: "none", secretAccessKey: "none" },
      requestHandler: idle,
      ...settings
    })
}

/** One part of the SDK: its name, and whether it is there and does what is asked of it. */
interface Hook {
  readonly name: string
  readonly isThere: (parts: Parts, client: any) => boolean
}

const isFunction = (value: unknown): boolean => typeof value === "function"

const member = (module: object, name: string): any => Reflect.get(module, name)

const protocolClass = (client: any): any => client.config.protocol.constructor

const extended = [
  "serializeRequest",
  "deserializeResponse",
  "deserializeMetadata",
  "setSerdeContext"
]

const hasProtocol = (_: Parts, client: any): boolean =>
  protocolClass(client) !== Object && extended.every((method) => isFunction(client.config.protocol[method]))

const takesProtocol = (parts: Parts, client: any): boolean => {
  const Ours = class extends protocolClass(client) {}
  return parts.client({ protocol: Ours }).config.protocol instanceof Ours
}

const writesJson = ({ kinesis }: Parts, client: any): boolean => {
  const serializer = client.config.protocol.getPayloadCodec().createSerializer()
  serializer.write(member(kinesis, "GetRecords$")[4], { ShardIterator: "i" })
  const written: string | Uint8Array = serializer.flush()
  const text = typeof written === "string" ? written : new TextDecoder().decode(written)
  return text === "{\"ShardIterator\":\"i\"}"
}

const readsEvents = ({ kinesis }: Parts, client: any): boolean => {
  const deserializer = jsonCodec(protocolClass(client), client.config).createDeserializer()
  const event = deserializer.readObject(member(kinesis, "SubscribeToShardEvent$"), { Records: [{ Data: "AQID" }] })
  return event.Records[0].Data[2] === 3
}

const makesRequests = (_: Parts, client: any): boolean => {
  const Request = client.config.protocol.getRequestType()
  return new Request({ headers: { name: "value" } }).headers.name === "value"
}

/** What is used of the SDK in both encodings. */
const hooks: ReadonlyArray<Hook> = [
  ...["GetRecords$", "PutRecord$", "PutRecords$", "SubscribeToShard$"].map((schema): Hook => ({
    name: `schema ${schema}`,
    isThere: ({ kinesis }) => member(kinesis, schema).length > 5
  })),
  { name: "config.protocol", isThere: hasProtocol },
  { name: "setting protocol", isThere: takesProtocol },
  { name: "getPayloadCodec().createSerializer()", isThere: writesJson },
  { name: "SubscribeToShardEvent$ by getPayloadCodec().createDeserializer()", isThere: readsEvents },
  { name: "getRequestType()", isThere: makesRequests },
  { name: "config.signer", isThere: (_, { config }) => isFunction(config.signer) },
  { name: "config.credentials", isThere: (_, { config }) => isFunction(config.credentials) },
  { name: "config.requestHandler.handle()", isThere: (_, { config }) => isFunction(config.requestHandler.handle) },
  { name: Answers.signing, isThere: (_, { middlewareStack }) => Answers.isSigning(middlewareStack) }
]

/** The codec of JSON for a client, whatever the client's own encoding. */
export const jsonCodec = (Protocol: ProtocolClass, config: any): Codec => {
  const codec: Codec = new Protocol(config.protocolSettings).getPayloadCodec()
  codec.setSerdeContext(config)
  return codec
}

const codecMethods = ["createSerializer", "createDeserializer", "setSerdeContext"]

const hasCborCodec = ({ cbor }: Parts): boolean => {
  const codec = new (member(cbor, "CborCodec"))()
  return codecMethods.every((method) => isFunction(codec[method])) && isFunction(codec.createDeserializer().readValue)
}

const hasTags = ({ cbor }: Parts): boolean => {
  const serializer = new (member(cbor, "CborCodec"))().createSerializer()
  serializer.write(15, { at: member(cbor, "tag")({ tag: 1, value: 5 }) })
  return Buffer.from(serializer.flush()).toString("hex") === "a1626174c105"
}

const readsSchemas = ({ kinesis, schema }: Parts): boolean => {
  const { structIterator } = member(schema, "NormalizedSchema").of(member(kinesis, "GetRecords$")[5])
  return isFunction(structIterator)
}

const takesCodec = (_: Parts, client: any): boolean => {
  const codec = client.config.protocol.getPayloadCodec()
  const jsonCodec = Object.create(codec, {})
  return new (protocolClass(client))({ ...client.config.protocolSettings, jsonCodec }).getPayloadCodec() === jsonCodec
}

/** What is used for CBOR besides. */
const hooksOfCbor: ReadonlyArray<Hook> = [
  { name: "CborCodec", isThere: hasCborCodec },
  { name: "tag()", isThere: hasTags },
  { name: "NormalizedSchema", isThere: readsSchemas },
  { name: "setting jsonCodec", isThere: takesCodec }
]

/** The names of all. */
export const names: Readonly<Record<Encoding, ReadonlyArray<string>>> = {
  json: hooks.map(({ name }) => name),
  cbor: [...hooks, ...hooksOfCbor].map(({ name }) => name)
}

/** What was found of the SDK. */
export interface Found {
  /** The SDK's own protocol of Kinesis: that of the copy which makes the clients. */
  readonly Protocol: ProtocolClass
  /** The names of what is not there, for each encoding. */
  readonly missing: Readonly<Record<Encoding, ReadonlyArray<string>>>
}

const known = new WeakMap<Parts, Found>()

/** Looks for everything that is used of the SDK, once: on what is missing, the SDK's own way has to be taken. */
export const probe = (parts: Parts): Found => {
  const before = known.get(parts)
  if (before !== undefined) return before
  const client = parts.client()
  const missing = (hooks: ReadonlyArray<Hook>) =>
    hooks.filter((hook) => !attempt(() => hook.isThere(parts, client))).map(({ name }) => name)
  const json = missing(hooks)
  const found: Found = {
    Protocol: client.config.protocol?.constructor,
    missing: { json, cbor: [...json, ...missing(hooksOfCbor)] }
  }
  client.destroy()
  known.set(parts, found)
  return found
}

const attempt = (holds: () => boolean): boolean => {
  try {
    return holds()
  } catch {
    return false
  }
}

const versionOf = async (sdk: any): Promise<string> => {
  try {
    const agent: ReadonlyArray<readonly [string, string?]> = await sdk.config.defaultUserAgentProvider(sdk.config)
    return agent.find(([name]) => name === "aws-sdk-js")?.[1] ?? "of unknown version"
  } catch {
    return "of unknown version"
  }
}

const versions = "https://github.com/effect-kinesis/effect-kinesis/blob/main/docs/dependencies.md"

/** Says what is missing, and what that costs. */
export const warn = (
  sdk: Sdk.KinesisClient,
  missing: ReadonlyArray<string>,
  encoding: Encoding
): Effect.Effect<void> =>
  Effect.flatMap(Effect.promise(() => versionOf(sdk)), (version) =>
    Effect.logWarning(
      `The AWS SDK ${version} has no ${
        missing.join(", no ")
      } as effect-kinesis uses it. Records are read and written in the SDK's own way` +
        `${encoding === "cbor" ? ", and in JSON in place of CBOR" : ""}, which is correct but slower. ` +
        `Versions with which nothing is lost: ${versions}`
    ))
