import type * as Api from "effect-kinesis/KinesisApi"
import { arnOf, findStream, notActive } from "./lookup.js"
import type { Account, Consumer, Stream } from "./model.js"
import type { Refusal } from "./refusal.js"
import { invalid, isRefusal, notInRange, shown } from "./refusal.js"
import * as SequenceNumbers from "./sequenceNumbers.js"
import * as StreamDetails from "./streamDetails.js"
import * as Tokens from "./tokens.js"

/** How many consumers a stream may have, and how many of them may be CREATING. */
const mostConsumers = 20
const mostCreating = 5

const namePattern = /^[a-zA-Z0-9_.-]{1,128}$/
const arnPattern = /^(arn:[a-z-]+:kinesis:[a-z0-9-]+:\d{12}:stream\/[^/]+)\/consumer\/([a-zA-Z0-9_.-]{1,128}):(\d+)$/

/** The parts of a consumer's ARN. */
interface Arn {
  readonly streamArn: string
  readonly name: string
  readonly createdSeconds: number
}

/** Undefined unless it is a consumer's ARN. */
export const parseArn = (arn: unknown): Arn | undefined => {
  const match = typeof arn === "string" ? arnPattern.exec(arn) : null
  return match === null ? undefined : { streamArn: match[1]!, name: match[2]!, createdSeconds: Number(match[3]) }
}

const endOfArn = ({ createdSeconds, name }: Consumer): string => `/consumer/${name}:${createdSeconds}`

export const consumerArn = (account: Account, stream: Stream, consumer: Consumer): string =>
  `${arnOf(account, stream.name)}${endOfArn(consumer)}`

const underStream = (account: Account, stream: Stream): string =>
  `under stream ${stream.name} and account ${account.id}`

const notFound = (account: Account, stream: Stream, name: string, createdSeconds?: number): Refusal => {
  const named = createdSeconds === undefined ? name : `${name} with creation timestamp ${createdSeconds}`
  return { refused: "ResourceNotFound", description: `Consumer ${named} ${underStream(account, stream)} not found.` }
}

/** Why a consumer is of no use any more: it was deleted, even if there is a new one of its name. */
export const refuseDeleted = (
  account: Account,
  stream: Stream,
  consumer: Consumer,
  now: number
): Refusal | undefined =>
  present(stream, now).get(consumer.name) === consumer
    ? undefined
    : notFound(account, stream, consumer.name, consumer.createdSeconds)

const consumerNotActive = (account: Account, stream: Stream, { createdSeconds, name }: Consumer): Refusal => ({
  refused: "ResourceInUse",
  description: `Consumer ${name} with creation timestamp ${createdSeconds} ${
    underStream(account, stream)
  } is not in ACTIVE status.`
})

/** Why a consumer cannot be subscribed with: it is not ACTIVE. */
export const refuseInactive = (account: Account, stream: Stream, consumer: Consumer): Refusal | undefined =>
  consumer.status === "ACTIVE" ? undefined : consumerNotActive(account, stream, consumer)

/** Ends the transitions of the stream's consumers whose time is over. */
const settle = (stream: Stream, now: number): void => {
  for (const consumer of stream.consumers.values()) {
    if (consumer.settlesAt === undefined || now < consumer.settlesAt) continue
    consumer.settlesAt = undefined
    if (consumer.status === "DELETING") {
      stream.consumers.delete(consumer.name)
      stream.details = StreamDetails.without(stream.details, endOfArn(consumer))
    } else consumer.status = "ACTIVE"
  }
}

/** The stream's consumers as of now. */
export const present = (stream: Stream, now: number): ReadonlyMap<string, Consumer> => {
  settle(stream, now)
  return stream.consumers
}

/** The stream of this ARN: consumers are not found by its name. */
const findByArn = (account: Account, streamArn: unknown, now: number): Stream | Refusal =>
  typeof streamArn === "string" && streamArn.startsWith("arn:")
    ? findStream(account, streamArn, now)
    : invalid("streamArn", `must be a stream's ARN, was ${shown(streamArn)}`)

/** A consumer and its stream, by the consumer's ARN. */
export const findConsumer = (account: Account, arn: unknown, now: number): readonly [Stream, Consumer] | Refusal => {
  const named = parseArn(arn)
  if (named === undefined) return invalid("consumerArn", `must be a consumer's ARN, was ${shown(arn)}`)
  const stream = findStream(account, named.streamArn, now)
  if (isRefusal(stream)) return stream
  const consumer = present(stream, now).get(named.name)
  return consumer?.createdSeconds === named.createdSeconds
    ? [stream, consumer]
    : notFound(account, stream, named.name, named.createdSeconds)
}

/** A consumer by its name, or by its ARN. */
export const findNamed = (stream: Stream, nameOrArn: string, now: number): Consumer | undefined => {
  const named = parseArn(nameOrArn)
  const consumer = present(stream, now).get(named?.name ?? nameOrArn)
  return named === undefined || consumer?.createdSeconds === named.createdSeconds ? consumer : undefined
}

const find = (
  account: Account,
  request: Api.StreamConsumerRequest,
  now: number
): readonly [Stream, Consumer] | Refusal => {
  if (request.consumerArn !== undefined) return findConsumer(account, request.consumerArn, now)
  const stream = findByArn(account, request.streamArn, now)
  if (isRefusal(stream)) return stream
  const consumer = present(stream, now).get(request.consumerName)
  return consumer === undefined ? notFound(account, stream, request.consumerName) : [stream, consumer]
}

const described = (account: Account, stream: Stream, consumer: Consumer): Api.StreamConsumer => ({
  consumerName: consumer.name,
  consumerArn: consumerArn(account, stream, consumer),
  consumerStatus: consumer.status,
  creationTimestamp: new Date(consumer.createdSeconds * 1000)
})

/** Why the stream takes no further consumer. */
const refuseAnother = (account: Account, stream: Stream, consumers: ReadonlyMap<string, Consumer>) => {
  if (!account.limits.consumers) return undefined
  const limit = (most: number, what: string): Refusal => ({
    refused: "limit",
    description: `There are already ${most} consumers ${underStream(account, stream)}${what}.`
  })
  const creating = [...consumers.values()].filter(({ status }) => status === "CREATING").length
  return consumers.size >= mostConsumers
    ? limit(mostConsumers, "")
    : creating >= mostCreating
    ? limit(mostCreating, " that are CREATING")
    : undefined
}

/** How long it is known when a consumer was created: longer than a clock is set back. */
const knownSeconds = 3600

/** A time of its own in the ARN, even for one that was deleted within the same second. */
const createdNow = ({ consumersCreated }: Account, stream: Stream, name: string, now: number): number => {
  const key = `${stream.name}/${name}`
  const seconds = Math.max(SequenceNumbers.seconds(now), (consumersCreated.get(key) ?? -1) + 1)
  for (const [each, created] of consumersCreated) if (created + knownSeconds < seconds) consumersCreated.delete(each)
  consumersCreated.set(key, seconds)
  return seconds
}

export const registerStreamConsumer = (
  account: Account,
  request: Api.RegisterStreamConsumerRequest,
  now: number,
  transition: number
): Api.StreamConsumer | Refusal => {
  const { consumerName: name, streamArn } = request
  if (typeof name !== "string" || !namePattern.test(name)) {
    return notInRange("consumerName", "1 to 128 characters of a-z, A-Z, 0-9, _, . and -", name)
  }
  const stream = findByArn(account, streamArn, now)
  if (isRefusal(stream)) return stream
  if (stream.status === "CREATING" || stream.status === "DELETING") return notActive(account, stream)
  const consumers = present(stream, now)
  if (consumers.has(name)) {
    return { refused: "ResourceInUse", description: `Consumer ${name} ${underStream(account, stream)} already exists.` }
  }
  const refusal = refuseAnother(account, stream, consumers)
  if (refusal !== undefined) return refusal
  const consumer: Consumer = {
    name,
    createdSeconds: createdNow(account, stream, name, now),
    shards: new Map(),
    status: "CREATING",
    settlesAt: now + transition
  }
  stream.consumers.set(name, consumer)
  const registered = described(account, stream, consumer)
  settle(stream, now)
  return registered
}

export const describeStreamConsumer = (
  account: Account,
  request: Api.StreamConsumerRequest,
  now: number
): Api.DescribeStreamConsumerResponse | Refusal => {
  const found = find(account, request, now)
  if (isRefusal(found)) return found
  const [stream, consumer] = found
  return { ...described(account, stream, consumer), streamArn: arnOf(account, stream.name) }
}

/** Starts to delete a consumer. */
export const deregister = (stream: Stream, consumer: Consumer, now: number, transition: number): void => {
  consumer.status = "DELETING"
  consumer.settlesAt = now + transition
  settle(stream, now)
}

/** In any state but DELETING. */
export const deregisterStreamConsumer = (
  account: Account,
  request: Api.StreamConsumerRequest,
  now: number,
  transition: number
): Refusal | undefined => {
  const found = find(account, request, now)
  if (isRefusal(found)) return found
  const [stream, consumer] = found
  if (consumer.status === "DELETING") return consumerNotActive(account, stream, consumer)
  deregister(stream, consumer, now, transition)
  return undefined
}

const refuseListed = (maxResults: number): Refusal | undefined =>
  Number.isSafeInteger(maxResults) && maxResults >= 1 && maxResults <= 100
    ? undefined
    : notInRange("maxResults", "1 to 100", maxResults)

/** The name after which a listing goes on. */
const listedAfter = (token: string | undefined, stream: Stream, now: number): string | Refusal => {
  if (token === undefined) return ""
  const opened = Tokens.unseal("consumers", token) as readonly [number, number, string] | undefined
  if (opened === undefined || opened[1] !== stream.generation) return invalid("nextToken", "Invalid NextToken.")
  const [issuedAt, , after] = opened
  return Tokens.isExpired(issuedAt, now) ? Tokens.expired(issuedAt, now) : after
}

/** One page of a stream's consumers, in the order of their names. */
export const listStreamConsumers = (
  account: Account,
  request: Api.ListStreamConsumersRequest,
  now: number
): Api.ListStreamConsumersResponse | Refusal => {
  const { maxResults = 100 } = request
  const bad = refuseListed(maxResults)
  if (bad !== undefined) return bad
  const stream = findByArn(account, request.streamArn, now)
  if (isRefusal(stream)) return stream
  const after = listedAfter(request.nextToken, stream, now)
  if (isRefusal(after)) return after
  const left = [...present(stream, now).values()].filter(({ name }) => name > after)
    .sort((a, b) => a.name < b.name ? -1 : 1)
  const consumers = left.slice(0, maxResults).map((consumer) => described(account, stream, consumer))
  return {
    consumers,
    nextToken: left.length > maxResults
      ? Tokens.seal("consumers", [now, stream.generation, consumers.at(-1)!.consumerName])
      : undefined
  }
}
