import type * as Sdk from "@aws-sdk/client-kinesis"
import { randomUUID } from "node:crypto"
import * as Answers from "./answers.js"
import * as BodyMemory from "./bodyMemory.js"
import * as Contact from "./contact.js"
import type { Allocate } from "./output.js"
import * as ResponseBody from "./responseBody.js"

/** A request of the SDK. */
interface HttpRequest {
  readonly headers: Record<string, string>
}

/** The SDK's schema of an operation, as its protocols take it. */
interface Schema {
  readonly namespace: string
  readonly name: string
  readonly traits: unknown
  readonly input: unknown
  readonly output: unknown
}

/** The schema in the SDK's notation; of one that is not there, nothing is known. */
export const schemaOf = (notation: unknown): Schema => {
  const [, namespace, name, traits, input, output] = (notation ?? []) as ReadonlyArray<any>
  return { namespace, name, traits, input, output }
}

/** What each request says. */
interface Targeted {
  /** Name or ARN of a stream. */
  readonly stream: string
}

/** An operation that is called again and again. */
export interface Operation<Request extends Targeted, Answer> {
  readonly schema: Schema
  readonly Command: new(input: any) => any
  /** A request as the SDK takes it. */
  readonly input: (request: Request) => object
  /** What the SDK chooses the endpoint by, where it is an ARN. Default: the stream. */
  readonly target?: (request: Request) => string
  /** Writes a request's body; undefined where that is left to the SDK. Default: the SDK's serializer. */
  readonly write?: (request: Request, allocate: Allocate) => Buffer | undefined
  /** Reads the body of a success; undefined where that is left to the SDK. Default: the protocol reads it while it arrives. */
  readonly read?: (body: Buffer, contentType: string, request: Request) => Answer | undefined
  /** Is told of each success before the protocol reads it. */
  readonly onSuccess?: (response: object, request: Request) => void
  /** The answer in the SDK's output. */
  readonly answer: (output: any, request: Request) => Answer
}

/** The result of the SDK's middleware for a call: the request without its body and signature, and how to sign it. */
interface Template {
  readonly request: HttpRequest
  readonly signer: any
  readonly signingProperties: object
}

/** The repeated calls of one SDK client. */
export interface State {
  readonly sdk: Sdk.KinesisClient
  /** The SDK's resolved configuration, most of which its types leave out. */
  readonly config: any
  readonly serializer: any
  /** The class of requests: of the SDK's own copy. */
  readonly Request: new(options: object) => HttpRequest
  /** Called once if the middleware does not tell how it made and signs a request. */
  readonly onSecretive: () => void
  /** By the operation and the ARN by which the SDK chooses the endpoint. */
  readonly templates: Map<string, Template>
  /** Undefined where bodies are not used again. */
  readonly bodies: BodyMemory.State | undefined
}

/** Under this key the input of a first call says what to do with the request and the response. */
const first = Symbol("first")

interface First {
  readonly onPrepared: (request: HttpRequest, scheme: any) => void
  readonly onResponse: (response: any) => void
}

/** These differ from call to call, or come from the body. */
const ofOneCall: ReadonlyArray<string> = ["content-length", "amz-sdk-invocation-id"]

/** These tell what a call is part of. */
const ofTraces: ReadonlyArray<string> = ["x-amzn-trace-id", "traceparent", "tracestate", "baggage"]

/** In AWS Lambda the middleware adds the trace of the invocation that makes the call. */
const isTraced = ({ headers }: HttpRequest): boolean =>
  process.env["AWS_LAMBDA_FUNCTION_NAME"] !== undefined ||
  Object.keys(headers).some((header) => ofTraces.includes(header.toLowerCase()))

const withoutThose = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([header]) => !ofOneCall.includes(header.toLowerCase())))

export interface Options {
  readonly onSecretive?: (() => void) | undefined
  /** Whether the memory of bodies may be used again: not where the transport is a user's own, which may keep them. */
  readonly reusesBodies?: boolean | undefined
}

/**
 * The calls of one SDK client that are made again and again. The first call of an operation, and for each ARN of a stream, runs through
 * the whole SDK. The request that its middleware made, which is the same each time, serves the later calls: they use the SDK's endpoint,
 * headers, credentials, signer, protocol and transport, but avoid its middleware, which costs half a millisecond of CPU a call.
 */
export const make = (
  sdk: Sdk.KinesisClient,
  { onSecretive = () => undefined, reusesBodies = false }: Options = {}
): State => {
  const config: any = sdk.config
  keepSigners(config)
  watchFirstCalls(sdk)
  return {
    sdk,
    config,
    serializer: config.protocol.getPayloadCodec().createSerializer(),
    Request: config.protocol.getRequestType(),
    onSecretive: once(onSecretive),
    templates: new Map(),
    bodies: reusesBodies ? BodyMemory.make() : undefined
  }
}

const once = (act: () => void): () => void => {
  let isDone = false
  return () => {
    if (!isDone) act()
    isDone = true
  }
}

/** Makes one call. */
export const send = async <Request extends Targeted, Answer>(
  self: State,
  operation: Operation<Request, Answer>,
  request: Request,
  abortSignal: AbortSignal
): Promise<Answer> => {
  const key = keyOf(operation, request)
  const template = self.templates.get(key)
  const body = template === undefined ? undefined : bodyOf(self, operation, request)
  return template === undefined || body === undefined
    ? await sendBySdk(self, operation, request, key, abortSignal)
    : await sendAgain(self, operation, request, template, body, abortSignal)
}

/** Which calls have the same template. */
const keyOf = <Request extends Targeted>(
  { schema, target = ({ stream }) => stream }: Operation<Request, unknown>,
  request: Request
): string => {
  const arn = target(request)
  return arn.startsWith("arn:") ? `${schema.name} ${arn}` : schema.name
}

const watchFirstCalls = ({ middlewareStack }: Sdk.KinesisClient): void => {
  middlewareStack.addRelativeTo(
    (next: any, context: any) => (args: any) => {
      const call: First | undefined = args.input[first]
      call?.onPrepared(args.request, context.__smithy_context?.selectedHttpAuthScheme)
      return next(args)
    },
    { name: "firstRequest", relation: "before", toMiddleware: "httpSigningMiddleware" }
  )
  middlewareStack.add(
    (next: any) => async (args: any) => {
      const result = await next(args)
      const call: First | undefined = args.input[first]
      call?.onResponse(result.response)
      return result
    },
    { name: "firstResponse", step: "deserialize", priority: "low" }
  )
}

const sendBySdk = async <Request extends Targeted, Answer>(
  { Request, onSecretive, sdk, templates }: State,
  { Command, answer, input, onSuccess }: Operation<Request, Answer>,
  request: Request,
  key: string,
  abortSignal: AbortSignal
): Promise<Answer> => {
  let isSecretive = true
  const call: First = {
    onPrepared: (prepared, scheme) => {
      if (typeof scheme?.signer?.sign !== "function") return
      isSecretive = false
      if (isTraced(prepared)) return
      templates.set(key, {
        request: new Request({ ...prepared, headers: withoutThose(prepared.headers), body: undefined }),
        signer: scheme.signer,
        signingProperties: scheme.httpAuthOption?.signingProperties ?? {}
      })
    },
    onResponse: (response) => onSuccess?.(response, request)
  }
  const output = await sdk.send(new Command({ ...input(request), [first]: call }), { abortSignal })
  if (isSecretive) onSecretive()
  return answer(output, request)
}

const bodyOf = <Request extends Targeted>(
  { bodies, serializer }: State,
  { input, schema, write }: Operation<Request, unknown>,
  request: Request
): Buffer | Uint8Array | string | undefined => {
  if (write !== undefined) {
    return write(request, bodies === undefined ? Buffer.allocUnsafeSlow : (size) => BodyMemory.take(bodies, size))
  }
  serializer.write(schema.input, input(request))
  return serializer.flush()
}

const sendAgain = async <Request extends Targeted, Answer>(
  self: State,
  operation: Operation<Request, Answer>,
  request: Request,
  template: Template,
  body: Buffer | Uint8Array | string,
  abortSignal: AbortSignal
): Promise<Answer> => {
  const { bodies, config } = self
  const { signer } = template
  const signingProperties = { ...template.signingProperties }
  const identity = await config.credentials()
  const signedBy = Answers.offsetOf(config)
  const signed = await signer.sign(requestOf(self, template, body), identity, signingProperties)
  try {
    const { response } = await config.requestHandler.handle(signed, { abortSignal })
    Contact.answered(self.sdk)
    const read = await readAnswer(self, operation, request, template, response)
    signer.successHandler?.(response, signingProperties)
    const answer = "answer" in read ? read.answer : operation.answer(read.output, request)
    if (bodies !== undefined && operation.write !== undefined && !abortSignal.aborted) {
      BodyMemory.giveBack(bodies, body as Buffer<ArrayBuffer>)
    }
    return answer
  } catch (error) {
    const told = signer.errorHandler === undefined ? error : caught(signer, signingProperties, error)
    Answers.noteClock(told, signedBy, config)
    throw told
  }
}

const requestOf = (
  { Request }: State,
  { request }: Template,
  body: Buffer | Uint8Array | string
): HttpRequest =>
  new Request({
    ...request,
    headers: {
      ...request.headers,
      "content-length": String(Buffer.byteLength(body)),
      "amz-sdk-invocation-id": randomUUID()
    },
    body
  })

const contentTypeOf = ({ headers }: { readonly headers?: Readonly<Record<string, unknown>> }): string =>
  String(headers?.["content-type"])

/** The answer, where it was read here, or the SDK's output. */
type Read<Answer> = { readonly answer: Answer } | { readonly output: unknown }

const readAnswer = async <Request extends Targeted, Answer>(
  { config }: State,
  { onSuccess, read, schema }: Operation<Request, Answer>,
  request: Request,
  template: Template,
  response: any
): Promise<Read<Answer>> => {
  if (Answers.isError(response.statusCode)) {
    response.body = await ResponseBody.collect(response.body)
  } else if (read !== undefined) {
    const body = await ResponseBody.collect(response.body)
    const type = contentTypeOf(response)
    const answer = read(body, type, request)
    if (answer !== undefined) return { answer }
    const isCbor = contentTypeOf(template.request).includes("cbor")
    const fault = Answers.faultIn(body, type, isCbor, true)
    if (fault !== undefined) throw fault
    response.body = body
  } else onSuccess?.(response, request)
  return { output: await deserialize(config, schema, response) }
}

/** Fails with an error like those of the SDK's middleware. */
const deserialize = (config: any, schema: Schema, response: any): Promise<unknown> =>
  config.protocol.deserializeResponse(schema, config, response).catch((error: any) => {
    throw Object.assign(error, {
      $response: response,
      $metadata: error.$metadata ?? { httpStatusCode: response.statusCode }
    })
  })

/** The SDK makes a signer for each call; one per scheme is enough, since it asks for credentials and the time at each call. */
const keepSigners = (config: any): void => {
  const make: (scheme?: object) => Promise<unknown> = config.signer
  const signers = new Map<string, Promise<unknown>>()
  config.signer = (scheme?: object) => {
    const key = JSON.stringify(scheme ?? {})
    const known = signers.get(key) ?? make(scheme)
    signers.set(key, known)
    return known
  }
}

/** The signer's error handler corrects the clock by a refusal, and rethrows it. */
const caught = (signer: any, signingProperties: object, error: unknown): unknown => {
  try {
    return signer.errorHandler(signingProperties)(error)
  } catch (rethrown) {
    return rethrown
  }
}
