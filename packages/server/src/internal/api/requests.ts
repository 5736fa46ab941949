import * as Position from "effect-kinesis/Position"
import { BadRequest } from "../codec/requests.js"

type Fields = Readonly<Record<string, any>>

const invalid = (message: string): BadRequest => new BadRequest("ValidationException", message)

const constraint = (place: string, value: unknown, must: string): BadRequest =>
  invalid(
    `1 validation error detected: Value '${
      String(value)
    }' at '${place}' failed to satisfy constraint: Member must ${must}`
  )

/** The stream that a request names: its ARN, or else its name. */
const streamOf = ({ streamArn, streamName }: Fields): string => {
  const given = streamArn ?? streamName
  if (given === undefined) throw invalid("Either StreamARN or StreamName must be provided.")
  if (streamArn !== undefined && streamName !== undefined && !String(streamArn).endsWith(`:stream/${streamName}`)) {
    throw invalid(`StreamARN ${streamArn} is not that of stream ${streamName}.`)
  }
  return given
}

const ofStream = (request: Fields): Fields => {
  const { streamArn: _, streamName: __, ...rest } = request
  return { ...rest, stream: streamOf(request) }
}

const types = ["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "AT_TIMESTAMP", "TRIM_HORIZON", "LATEST"]

/** Where reading begins: by the type, and what the type needs. */
const position = (place: string, type: string, sequenceNumber: string | undefined, timestamp: Date | undefined) => {
  switch (type) {
    case "TRIM_HORIZON":
      return Position.trimHorizon
    case "LATEST":
      return Position.latest
    case "AT_TIMESTAMP":
      if (timestamp === undefined) {
        throw invalid("Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP.")
      }
      return Position.atTimestamp(timestamp)
    case "AT_SEQUENCE_NUMBER":
    case "AFTER_SEQUENCE_NUMBER":
      if (sequenceNumber === undefined) {
        throw invalid(`Must specify a sequence number for a starting point of type ${type}.`)
      }
      return { _tag: type === "AT_SEQUENCE_NUMBER" ? "AtSequenceNumber" : "AfterSequenceNumber", sequenceNumber }
    default:
      throw constraint(place, type, `satisfy enum value set: [${types.join(", ")}]`)
  }
}

const shardFilter = (filter: Fields | undefined): Fields | undefined =>
  filter === undefined ? undefined : { ...filter, timestamp: filter["timestamp"]?.getTime() }

/** The requests that are not those of the engine with other names. */
const special: Readonly<Record<string, (request: Fields) => Fields>> = {
  CreateStream: ({ streamName, ...rest }) => ({ ...rest, stream: streamName }),
  GetRecords: ({ streamArn, ...rest }) => ({ ...rest, stream: streamArn }),
  GetShardIterator: (request) => ({
    ...ofStream(request),
    position: position(
      "shardIteratorType",
      request["shardIteratorType"],
      request["startingSequenceNumber"],
      request["timestamp"]
    )
  }),
  ListShards: ({ shardFilter: filter, ...request }) => ({
    ...(request["nextToken"] === undefined || request["streamName"] !== undefined ||
        request["streamArn"] !== undefined
      ? ofStream(request)
      : request),
    shardFilter: shardFilter(filter)
  }),
  SubscribeToShard: ({ startingPosition, ...request }) => ({
    ...request,
    stream: /^(arn:.*)\/consumer\//.exec(request["consumerArn"])?.[1] ?? "",
    position: position(
      "startingPosition.type",
      startingPosition.type,
      startingPosition.sequenceNumber,
      startingPosition.timestamp
    )
  }),
  UpdateShardCount: (request) => {
    if (request["scalingType"] !== "UNIFORM_SCALING") {
      throw constraint("scalingType", request["scalingType"], "satisfy enum value set: [UNIFORM_SCALING]")
    }
    return ofStream(request)
  }
}

/** Those that name no stream, or the ARN of one alone. */
const withoutStream = [
  "DeregisterStreamConsumer",
  "DescribeAccountSettings",
  "DescribeLimits",
  "DescribeStreamConsumer",
  "ListStreamConsumers",
  "ListStreams",
  "RegisterStreamConsumer",
  "UpdateAccountSettings"
]

/** The engine's request of an operation, from one with the engine's names. Throws a `BadRequest`. */
export const toEngine = (operation: string, request: Fields): Fields => {
  const adapt = special[operation]
  if (adapt !== undefined) return adapt(request)
  return withoutStream.includes(operation) || "resourceArn" in request ? request : ofStream(request)
}
