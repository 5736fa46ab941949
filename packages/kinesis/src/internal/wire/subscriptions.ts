import * as Sdk from "@aws-sdk/client-kinesis"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Readable } from "node:stream"
import type * as Api from "../../KinesisApi.js"
import type { Subscription } from "../../KinesisClient.js"
import type { KinesisError } from "../../KinesisError.js"
import { quotedBytes } from "./advice.js"
import * as Answers from "./answers.js"
import * as EventStream from "./eventStream.js"
import { codeName } from "./http2Sessions.js"
import { RecordMemory, type Sharing } from "./recordMemory.js"
import * as RecordsJson from "./recordsJson.js"
import * as RepeatedCalls from "./repeatedCalls.js"
import type { Codec } from "./sdkHooks.js"
import * as Inputs from "./sdkInputs.js"
import * as Outputs from "./sdkOutputs.js"
import * as SealedBody from "./sealedBody.js"

/** A subscription, by what its errors are made to. */
export type Open = (toError: (cause: unknown) => KinesisError) => Subscription

/** The body of an answer, from which events are pulled. It flows only while one is waited for. */
interface State {
  readonly request: Api.SubscribeToShardRequest
  readonly codec: Codec
  readonly contentType: string
  readonly body: Readable & { readonly rstCode?: number | undefined }
  readonly reader: EventStream.State
  readonly memory: RecordMemory
  readonly abortSignal: AbortSignal
  readonly toError: (cause: unknown) => KinesisError
  /** What came first, until a message has begun. */
  first: Buffer | undefined
  /** The bytes of the event that has begun to come. */
  announced: number | undefined
  /** The event that was announced, once it is there. */
  payload: Buffer | undefined
  /** How the body ended, behind what of it was not read yet. */
  ended: Over | undefined
  /** How the subscription ended. */
  over: Over | undefined
  /** Called when there is something to read, while somebody waits. */
  wake: (() => void) | undefined
}

/** Without an error it is a normal end. */
interface Over {
  readonly error?: unknown
}

/** The call, which is in JSON always, and its answer before anything of the body was read. */
const operation = (codec: Codec): RepeatedCalls.Operation<Api.SubscribeToShardRequest, SealedBody.Answered> => {
  const schema = RepeatedCalls.schemaOf(Sdk.SubscribeToShard$)
  return {
    schema,
    Command: Sdk.SubscribeToShardCommand,
    input: Inputs.subscribeToShardInput,
    target: ({ consumerArn }) => consumerArn,
    write: (request, allocate) => {
      const serializer = codec.createSerializer()
      serializer.write(schema.input, Inputs.subscribeToShardInput(request))
      const written: string | Uint8Array = serializer.flush()
      const bytes = typeof written === "string" ? Buffer.from(written) : written
      const body = allocate(bytes.length).subarray(0, bytes.length)
      body.set(bytes)
      return body
    },
    onSuccess: SealedBody.claim,
    answer: (output) => Outputs.required(SealedBody.open(output), "EventStream")
  }
}

/** Subscribes by the calls of a client. The signal ends the subscription. */
export const subscribing = (calls: RepeatedCalls.State, codec: Codec, sharing: Sharing) => {
  const call = operation(codec)
  const memory = new RecordMemory(sharing)
  return async (request: Api.SubscribeToShardRequest, abortSignal: AbortSignal): Promise<Open> => {
    const { body, contentType } = await RepeatedCalls.send(calls, call, request, abortSignal)
    const readable = body instanceof Readable ? body : Readable.from(body as AsyncIterable<Uint8Array>)
    if (abortSignal.aborted) readable.destroy()
    else abortSignal.addEventListener("abort", () => readable.readableEnded || readable.destroy(), { once: true })
    return (toError) => make({ request, codec, contentType, body: readable, memory, abortSignal, toError })
  }
}

type Given = Pick<State, "request" | "codec" | "contentType" | "body" | "memory" | "abortSignal" | "toError">

/** What the events of a body are to whoever pulls them. */
export const make = (given: Given): Subscription => {
  const self: State = {
    ...given,
    reader: EventStream.make(),
    first: undefined,
    announced: undefined,
    payload: undefined,
    ended: undefined,
    over: undefined,
    wake: undefined
  }
  listen(self)
  return {
    announced: Effect.suspend(() => announced(self)),
    event: Effect.suspend(() => taken(self))
  }
}

const listen = (self: State): void => {
  const { abortSignal, body } = self
  const ended = (error?: unknown): void => {
    self.ended ??= { error }
    self.wake?.()
  }
  body.pause()
  body.on("data", (piece: Uint8Array) => {
    const bytes = Buffer.isBuffer(piece) ? piece : Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    if (!self.reader.hasBegun) self.first ??= bytes
    EventStream.push(self.reader, bytes)
    self.wake?.()
  })
  body.on("end", () => ended(reset(body.rstCode)))
  body.on("error", ended)
  body.on("close", () => ended(reset(body.rstCode) ?? cut("the subscription was cut off")))
  if (body.destroyed) ended(body.errored ?? cut("the subscription was cut off"))
  const aborted = (): void => {
    self.over ??= {}
    if (!body.readableEnded) body.destroy()
  }
  abortSignal.addEventListener("abort", aborted, { once: true })
  if (abortSignal.aborted) aborted()
}

const cut = (message: string): Error => Object.assign(new Error(message), { code: "ECONNRESET" })

/** Node takes a stream that was reset by the peer, or whose connection was dropped, for one that has ended. */
const reset = (code: number | undefined): Error | undefined =>
  code === undefined || code === 0 ? undefined : cut(`the subscription was reset with ${codeName(code)}`)

/** Reads on as far as bytes have come. Whether there is news: an event was announced, has come, or the subscription is over. */
const hasNews = (self: State): boolean => {
  if (self.over !== undefined) return true
  const step = EventStream.next(self.reader)
  if (self.reader.hasBegun) self.first = undefined
  switch (step?._tag) {
    case undefined:
      return self.ended !== undefined && ends(self, endOf(self, self.ended))
    case "Announced":
      self.announced = step.bytes
      return true
    case "Event":
      self.payload = step.payload
      return true
    case "Refused":
      return ends(self, step.error)
    case "Broken":
      return ends(self, noStream(self) ?? new Error(`the subscription cannot be read: ${step.reason}`))
  }
}

const ends = (self: State, error: unknown): true => {
  self.over = { error }
  if (!self.body.readableEnded) self.body.destroy()
  return true
}

const endOf = (self: State, { error }: Over): unknown =>
  error ??
    (EventStream.isWhole(self.reader) ? undefined : noStream(self) ?? cut("the subscription ended inside a message"))

/** What is wrong with an answer in which no message has begun; undefined where one has. */
const noStream = ({ contentType, first }: State): Error | undefined => {
  if (first === undefined) return undefined
  const start = first.toString("utf8", 0, quotedBytes)
  return Answers.errorIn(first) ??
    new Error(`the answer is no stream of events, but HTTP 200 (${contentType}): ${start}`)
}

/** What there is to say once there is news. */
const afterNews = <A, E>(self: State, say: (self: State) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
  hasNews(self) ? say(self) : Effect.flatMap(arrival(self), () => say(self))

const arrival = (self: State): Effect.Effect<void> =>
  Effect.async((resume) => {
    const rest = (): void => {
      self.wake = undefined
      self.body.pause()
    }
    self.wake = () => {
      if (!hasNews(self)) return
      rest()
      resume(Effect.void)
    }
    self.body.resume()
    return Effect.sync(rest)
  })

const announced = (self: State): Effect.Effect<number, Option.Option<KinesisError>> =>
  self.announced === undefined ? afterNews(self, announcement) : Effect.succeed(self.announced)

const announcement = ({ announced, over, toError }: State): Effect.Effect<number, Option.Option<KinesisError>> => {
  if (announced !== undefined) return Effect.succeed(announced)
  const error = over?.error
  return Effect.fail(error === undefined ? Option.none() : Option.some(toError(error)))
}

const taken = (self: State): Effect.Effect<Api.SubscribeToShardEvent, KinesisError> => {
  if (self.announced === undefined) return Effect.fail(self.toError(new Error("no event was announced")))
  return self.payload === undefined ? afterNews(self, arrived) : decoded(self, self.payload)
}

const arrived = (self: State): Effect.Effect<Api.SubscribeToShardEvent, KinesisError> =>
  self.payload === undefined
    ? Effect.fail(self.toError(self.over?.error ?? cut("the subscription is over")))
    : decoded(self, self.payload)

/** An event that our decoder leaves is for the SDK's. */
const decoded = (self: State, payload: Buffer): Effect.Effect<Api.SubscribeToShardEvent, KinesisError> => {
  const page = RecordsJson.readEvent(payload, self.request, self.memory)
  if (page === undefined) return decodedBySdk(self, payload)
  const { childShards, millisBehindLatest, nextShardIterator, records } = page
  handOn(self)
  return Effect.succeed({ records, continuationSequenceNumber: nextShardIterator, millisBehindLatest, childShards })
}

const decodedBySdk = (self: State, payload: Buffer): Effect.Effect<Api.SubscribeToShardEvent, KinesisError> =>
  Effect.try({
    try: () => {
      handOn(self)
      const event = self.codec.createDeserializer().readObject(
        Sdk.SubscribeToShardEvent$,
        JSON.parse(payload.toString())
      )
      return Outputs.toSubscribeToShardEvent(event, self.request)
    },
    catch: (cause) => {
      ends(self, cause)
      return self.toError(cause)
    }
  })

const handOn = (self: State): void => {
  self.announced = undefined
  self.payload = undefined
}
